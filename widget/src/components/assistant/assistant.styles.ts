/** Styles of `<overset-assistant>`, and the colours that all elements in it use. */

const LIGHT = `
  color-scheme: light;
  --ov-ground: #fff; --ov-soft: #f6f7f8; --ov-hover: rgb(0 0 0 / 4.5%);
  --ov-border: #e8eaed; --ov-border-strong: #d4d7dc;
  --ov-text: #1f2329; --ov-text-2: #5b616a; --ov-text-3: #6d737d;
  --ov-accent: #2893b3; --ov-accent-strong: #1f7a95; --ov-accent-pressed: #186379;
  --ov-accent-soft: #e3f2f7; --ov-accent-faint: #f4fafc; --ov-link: #1a7390;
  --ov-ring: rgb(40 147 179 / 16%);
  --ov-error: #c4263d; --ov-error-soft: #fdeff1; --ov-success: #2e8b57;
  --ov-warning: #9a6700; --ov-warning-soft: #fff8e1;
  --ov-shadow-1: 0 1px 3px rgb(0 0 0 / 8%), 0 2px 8px rgb(0 0 0 / 5%);
  --ov-shadow-2: 0 6px 16px rgb(0 0 0 / 8%), 0 3px 6px -4px rgb(0 0 0 / 12%), 0 9px 28px 8px rgb(0 0 0 / 5%);
`;

const DARK = `
  color-scheme: dark;
  --ov-ground: #1b1c1e; --ov-soft: #25272a; --ov-hover: rgb(255 255 255 / 7%);
  --ov-border: #33363a; --ov-border-strong: #484c52;
  --ov-text: #e6e8ea; --ov-text-2: #a6acb4; --ov-text-3: #8f959e;
  --ov-accent: #3aa9ca; --ov-accent-strong: #1f7a95; --ov-accent-pressed: #2489a7;
  --ov-accent-soft: #17343d; --ov-accent-faint: #19262b; --ov-link: #62c3df;
  --ov-ring: rgb(58 169 202 / 24%);
  --ov-error: #f2818f; --ov-error-soft: #3a1f24; --ov-success: #4db380;
  --ov-warning: #e2b84d; --ov-warning-soft: #352c16;
  --ov-shadow-1: 0 1px 3px rgb(0 0 0 / 40%);
  --ov-shadow-2: 0 6px 20px rgb(0 0 0 / 50%), 0 0 1px rgb(255 255 255 / 20%);
`;

export const STYLES = `
  /* Nothing of the page reaches inside but its font. The background tells which theme it wears. */
  :host {
    ${LIGHT}
    --ov-code: "IBM Plex Mono", ui-monospace, Menlo, Consolas, monospace;
    position: fixed; z-index: 990; inset: auto; width: 0; height: 0; visibility: visible;
    background-color: inherit; transition: background-color 1ms;
    color: var(--ov-text); font-size: 14px; font-style: normal; font-weight: 400; line-height: 1.57;
    letter-spacing: normal; text-align: start; text-indent: 0; text-transform: none;
    white-space: normal; word-spacing: normal; cursor: auto;
    -webkit-font-smoothing: antialiased;
  }
  :host([scheme="dark"]) { ${DARK} }
  @media print { :host { display: none; } }

  .launcher {
    position: fixed; inset-block-end: 24px; inset-inline-end: 24px; display: grid; width: 52px;
    height: 52px; padding: 0; place-items: center; border: 0; border-radius: 50%;
    background: var(--ov-accent-strong); color: #fff; box-shadow: var(--ov-shadow-2);
    transition: .2s; transition-property: transform, background-color;
  }
  .launcher:hover { background: var(--ov-accent-pressed); transform: translateY(-1px); }
  .launcher:focus-visible { outline-offset: 3px; }
  .launcher .dot {
    position: absolute; inset-block-start: 1px; inset-inline-end: 1px; width: 13px; height: 13px;
    border: 2px solid var(--ov-ground); border-radius: 50%; background: var(--ov-warning-dot, #fcc700);
  }
  .launcher .dot.busy { animation: beat 1.4s ease-in-out infinite; }
  @keyframes beat { 50% { transform: scale(.7); } }

  dialog {
    position: fixed; inset: 12px; inset-inline-start: auto; width: 440px; max-width: none;
    height: auto; max-height: none; margin: 0; padding: 0; overflow: hidden;
    border: 1px solid var(--ov-border); border-radius: 14px; background: var(--ov-ground);
    color: var(--ov-text); box-shadow: var(--ov-shadow-2);
  }
  dialog.wide { width: min(880px, calc(100vw - 24px)); }
  dialog[open] { display: flex; flex-direction: column; animation: enter .22s cubic-bezier(.2, .8, .3, 1); }
  dialog:focus { outline: 0; }
  dialog::backdrop { background: none; }
  @keyframes enter { from { opacity: 0; transform: translateX(24px); } }
  :host(:dir(rtl)) dialog { animation-name: enter-rtl; }
  @keyframes enter-rtl { from { opacity: 0; transform: translateX(-24px); } }
  @media (max-width: 600px) {
    dialog, dialog.wide {
      inset: 0; width: 100%; height: 100%; border: 0; border-radius: 0;
    }
    .size { display: none; }
    .launcher { inset-block-end: 16px; inset-inline-end: 16px; }
  }

  header {
    display: flex; flex: none; align-items: center; gap: 2px; min-height: 56px; padding: 8px 10px;
    border-bottom: 1px solid var(--ov-border);
  }
  .name { flex: 1; min-width: 0; padding: 0 6px; }
  h1 {
    margin: 0; overflow: hidden; font-size: 14px; font-weight: 600; line-height: 1.35;
    text-overflow: ellipsis; white-space: nowrap;
  }
  .model {
    display: block; overflow: hidden; color: var(--ov-text-2); font-size: 12px; line-height: 1.35;
    text-overflow: ellipsis; white-space: nowrap;
  }
  main { display: flex; flex: 1; flex-direction: column; min-height: 0; }
  :host(:dir(rtl)) [data-turns] .icon { transform: scaleX(-1); }
`;
