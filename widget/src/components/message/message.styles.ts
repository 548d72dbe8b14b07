/** Styles of `<overset-message>`. */

export const STYLES = `
  :host { display: block; max-width: 100%; overflow-wrap: anywhere; }
  :host([from="member"]) { align-self: flex-end; max-width: 88%; }
  .bubble {
    padding: 8px 14px; border-radius: 14px 14px 4px 14px; background: var(--ov-accent-soft);
    color: var(--ov-text); white-space: pre-wrap;
  }
  :host(:dir(rtl)) .bubble { border-radius: 14px 14px 14px 4px; }

  .text > *:first-child > :first-child { margin-top: 0; }
  .text > *:last-child > :last-child { margin-bottom: 0; }
  .text > * { display: block; }
  p, ul, ol, blockquote, .scroll, .code { margin: 0 0 10px; }
  h1, h2, h3, h4, h5, h6 { margin: 16px 0 6px; font-size: 14px; font-weight: 600; line-height: 1.4; }
  h1 { font-size: 17px; } h2 { font-size: 16px; } h3 { font-size: 15px; }
  strong { font-weight: 600; }
  ul, ol { padding-inline-start: 22px; }
  li { margin: 3px 0; }
  li::marker { color: var(--ov-text-2); }
  li > ul, li > ol { margin: 0; }
  blockquote {
    padding-inline-start: 12px; border-inline-start: 3px solid var(--ov-border-strong);
    color: var(--ov-text-2);
  }
  hr { height: 1px; margin: 14px 0; border: 0; background: var(--ov-border); }
  img { max-width: 100%; border: 1px solid var(--ov-border); border-radius: 8px; }
  .host { color: var(--ov-text-2); font-size: 12px; }

  code {
    padding: 1px 5px; border-radius: 4px; background: var(--ov-soft);
    font: 12.5px/1.55 var(--ov-code);
  }
  .code { position: relative; }
  pre {
    margin: 0; padding: 10px 12px; overflow-x: auto; border: 1px solid var(--ov-border);
    border-radius: 8px; background: var(--ov-soft); scrollbar-width: thin; direction: ltr;
    text-align: left;
  }
  pre code { padding: 0; background: none; overflow-wrap: normal; white-space: pre; }
  .copy {
    position: absolute; inset-block-start: 6px; inset-inline-end: 6px; display: inline-flex;
    align-items: center; gap: 4px; min-height: 26px; padding: 2px 8px;
    border: 1px solid var(--ov-border); border-radius: 6px; background: var(--ov-ground);
    color: var(--ov-text-2); font-size: 12px; opacity: 0; transition: opacity .15s;
  }
  .code:hover .copy, .code:focus-within .copy { opacity: 1; }
  .copy:hover { color: var(--ov-link); }
  @media (hover: none) { .copy { opacity: 1; } }

  .scroll {
    max-height: 300px; overflow: auto; border: 1px solid var(--ov-border); border-radius: 8px;
    scrollbar-width: thin;
  }
  table { width: 100%; border-collapse: collapse; font-size: 13px; }
  th, td {
    padding: 6px 12px; border-bottom: 1px solid var(--ov-border); text-align: start;
    overflow-wrap: normal; vertical-align: top; font-variant-numeric: tabular-nums;
  }
  th { background: var(--ov-soft); font-weight: 600; white-space: nowrap; }
  tr:last-child td { border-bottom: 0; }
  [align="right"] { text-align: end; } [align="center"] { text-align: center; }

  :host([streaming]) .text > :last-child > :last-child::after {
    content: ""; display: inline-block; width: 7px; height: 15px; margin-inline-start: 3px;
    border-radius: 2px; background: var(--ov-accent); vertical-align: -2px;
    animation: blink 1.1s ease-in-out infinite;
  }
  @keyframes blink { 50% { opacity: .15; } }
`;
