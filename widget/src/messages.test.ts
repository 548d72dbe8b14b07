import { ago, counted, direction, speak, spoken, t } from "./messages.js";
import { expect } from "./testing.js";

describe("messages", () => {
  afterEach(() => speak("en"));

  it("replaces names by values, and leaves a value as it is", () => {
    expect(t("share.title", { title: "<b>{count}</b>" })).to.equal("Share “<b>{count}</b>”");
  });

  it("counts", () => {
    expect(counted("table.rows", 1)).to.equal("1 row");
    expect(counted("table.rows", 1200)).to.equal("1,200 rows");
  });

  it("runs from right to left where the language does", () => {
    speak("he-IL");
    expect(direction()).to.equal("rtl");
    speak("pt_BR");
    expect([spoken(), direction()]).to.deep.equal(["pt-BR", "ltr"]);
  });

  it("says English where a language or its name is unknown", () => {
    speak("no such language!");
    expect([spoken(), t("composer.send")]).to.deep.equal(["en", "Send"]);
  });

  it("tells how long ago something was", () => {
    const now = new Date("2026-03-10T12:00:00Z");
    expect(ago(new Date("2026-03-10T11:59:50Z"), now)).to.equal("now");
    expect(ago(new Date("2026-03-10T09:30:00Z"), now)).to.equal("2 hr. ago");
    expect(ago(new Date("2026-03-09T11:00:00Z"), now)).to.equal("yesterday");
  });
});
