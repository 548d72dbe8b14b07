/** Styles of `<overset-tool-call>`. */

export const STYLES = `
  :host { display: flex; flex-direction: column; gap: 8px; min-width: 0; }
  details { min-width: 0; border: 1px solid var(--ov-border); border-radius: 8px; }
  details[open] { background: var(--ov-ground); }
  summary {
    display: flex; align-items: center; gap: 8px; min-height: 34px; padding: 4px 10px;
    border-radius: 7px; color: var(--ov-text-2); font-size: 13px; cursor: pointer;
    list-style: none; user-select: none; transition: background-color .15s;
  }
  summary::-webkit-details-marker { display: none; }
  summary:hover { background: var(--ov-hover); }
  .title { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .state { flex: none; font-size: 12px; }
  .chevron { flex: none; transition: transform .15s; }
  :host(:dir(rtl)) .chevron { transform: scaleX(-1); }
  details[open] .chevron { transform: rotate(90deg); }
  .mark { display: grid; flex: none; place-items: center; width: 18px; height: 18px; }
  :host([status="done"]) .mark { color: var(--ov-success); }
  :host([status="failed"]) .mark, :host([status="failed"]) .state { color: var(--ov-error); }
  :host([status="refused"]) .mark, :host([status="interrupted"]) .mark { color: var(--ov-warning); }
  .spinner {
    width: 14px; height: 14px; border: 2px solid var(--ov-border-strong);
    border-top-color: var(--ov-accent); border-radius: 50%; animation: turn .8s linear infinite;
  }
  @keyframes turn { to { transform: rotate(1turn); } }
  @media (prefers-reduced-motion: reduce) { .spinner { border-color: var(--ov-accent); } }
  .body { padding: 2px 12px 12px; }
  h3 { margin: 8px 0 4px; color: var(--ov-text-2); font-size: 12px; font-weight: 500; }
  pre {
    max-height: 240px; margin: 0; padding: 8px 10px; overflow: auto; border-radius: 6px;
    background: var(--ov-soft); font: 12px/1.55 var(--ov-code); overflow-wrap: anywhere;
    scrollbar-width: thin; white-space: pre-wrap;
  }
  .why { margin: 0; padding: 0 2px; color: var(--ov-error); font-size: 13px; overflow-wrap: anywhere; }
  .links { display: grid; gap: 6px; }
  .more { color: var(--ov-text-2); font-size: 12px; }
`;
