import { expect, heard, inside, mount, press } from "../../testing.js";
import { Composer, type Composing, clean } from "./composer.js";

const IDLE: Composing = { phase: "idle", isPending: false, owner: null, context: null };

function shown(changes: Partial<Composing> = {}): Composer {
  const composer = mount(new Composer());
  composer.composing = { ...IDLE, ...changes };
  return composer;
}

const field = (composer: Composer): HTMLTextAreaElement => inside(composer, "textarea");
const button = (composer: Composer): HTMLButtonElement => inside(composer, ".send");

function type(composer: Composer, text: string): void {
  field(composer).value = text;
  field(composer).dispatchEvent(new Event("input"));
}

describe("<overset-composer>", () => {
  it("sends with Enter, and not with Shift+Enter or within a word that is being composed", () => {
    const composer = shown();
    const sent = heard<string>(composer, "overset-send");
    type(composer, " Sales? ");

    press(field(composer), "Enter", { shiftKey: true });
    press(field(composer), "Enter", { isComposing: true });
    press(field(composer), "Enter", { keyCode: 229 });
    expect(sent).to.deep.equal([]);
    press(field(composer), "Enter");

    expect(sent).to.deep.equal(["Sales?"]);
    expect(composer.value).to.equal("");
  });

  it("sends nothing that is empty", () => {
    const composer = shown();
    const sent = heard(composer, "overset-send");
    type(composer, " \n\0 ");

    press(field(composer), "Enter");

    expect(sent).to.deep.equal([]);
    expect(button(composer).disabled).to.equal(true);
  });

  it("says how much is too much, counting as the server does", () => {
    const composer = shown();
    type(composer, "😀".repeat(20_000));
    expect(button(composer).disabled).to.equal(false);

    type(composer, "😀".repeat(20_002));

    expect(button(composer).disabled).to.equal(true);
    expect(inside(composer, ".left").textContent).to.equal("2 characters too many");
  });

  it("takes less in place of an approval, and gives back what did not arrive", () => {
    const composer = shown({ isPending: true });
    const drafts = heard<string>(composer, "overset-draft");
    type(composer, "😀".repeat(2001));
    expect(button(composer).disabled).to.equal(true);
    expect(inside(composer, ".left").textContent).to.equal("1 character too many");

    type(composer, "And now?");
    composer.giveBack("Only describe it.");

    expect(composer.value).to.equal("Only describe it.\nAnd now?");
    expect(drafts.at(-1)).to.equal(composer.value);
  });

  it("sends only text that can be kept", () => {
    expect(clean("a\0b\ud800c\udc00 😀 ")).to.equal("ab\ufffdc\ufffd 😀");
  });

  it("stops what runs, and does not send meanwhile", () => {
    const composer = shown({ phase: "running" });
    const sent = heard(composer, "overset-send");
    const stopped = heard(composer, "overset-stop");
    type(composer, "next");

    press(field(composer), "Enter");
    button(composer).click();

    expect([sent.length, stopped.length]).to.deep.equal([0, 1]);
    expect(button(composer).getAttribute("aria-label")).to.equal("Stop");
    expect(composer.value).to.equal("next");
  });

  it("says what it will send along, and leaves it out when told to", () => {
    const composer = shown({ context: "Sales <b>board</b>" });
    const dropped = heard(composer, "overset-drop-context");

    expect(inside(composer, ".context").textContent).to.equal("Looking at Sales <b>board</b>");
    inside<HTMLButtonElement>(composer, ".context button").click();

    expect(dropped).to.have.length(1);
  });

  it("lets nobody write in what is only shared with them", () => {
    const composer = shown({ owner: "Ada" });

    expect(inside(composer, ".box").hidden).to.equal(true);
    expect(inside(composer, ".read-only").textContent).to.include("Ada shares this conversation");
  });

  it("keeps the focus where one may only read, and where one may write again", () => {
    const composer = shown();
    composer.focus();

    composer.composing = { ...IDLE, owner: "Ada" };
    expect(composer.shadowRoot?.activeElement).to.equal(inside(composer, ".read-only"));
    composer.composing = IDLE;

    expect(composer.shadowRoot?.activeElement).to.equal(field(composer));
  });
});
