import { findOwnURL, findPictureURL, findURL } from "./places.js";
import { expect } from "./testing.js";

describe("places", () => {
  it("follows the web and nothing else", () => {
    for (const bad of [
      "javascript:alert(1)",
      " java\nscript:alert(1)",
      "data:text/html,<script>alert(1)</script>",
      "vbscript:x",
      "file:///etc/passwd",
      "blob:https://x/1",
      "http://",
    ]) {
      expect(findURL(bad), bad).to.equal(null);
    }
  });

  it("takes for its own only what a browser would open at this origin", () => {
    for (const foreign of [
      "//evil.example/x",
      "\\\\evil.example/x",
      "/\\evil.example/x",
      "\t//evil.example/x",
      "https://evil.example",
      `${location.origin}.evil.example/`,
      `${location.origin.replace("//", "//user@")}/`,
    ]) {
      expect(findOwnURL(foreign), foreign).to.equal(null);
    }
    expect(findOwnURL("/explore/?slice_id=7")?.href).to.equal(`${location.origin}/explore/?slice_id=7`);
  });

  it("loads pictures of charts unasked, and no address that could do something", () => {
    expect(findPictureURL("/api/v1/chart/7/screenshot/abc123/")).not.to.equal(null);
    for (const bad of [
      "/logout/",
      "/api/v1/chart/7/screenshot/abc/../../../../../logout/",
      "/api/v1/chart/7/data/",
      "https://evil.example/api/v1/chart/7/screenshot/abc/",
    ]) {
      expect(findPictureURL(bad), bad).to.equal(null);
    }
  });
});
