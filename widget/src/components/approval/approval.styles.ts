/** Styles of `<overset-approval>`. */

export const STYLES = `
  :host {
    display: block; padding: 14px 16px; border: 1px solid var(--ov-accent); border-radius: 10px;
    background: var(--ov-accent-faint); box-shadow: var(--ov-shadow-1);
  }
  h3 { display: flex; align-items: center; gap: 8px; margin: 0 0 6px; font-size: 14px; font-weight: 600; }
  h3 .icon { color: var(--ov-link); }
  p { margin: 0 0 10px; overflow-wrap: anywhere; white-space: pre-line; }
  details { margin: 0 0 12px; }
  summary { color: var(--ov-text-2); font-size: 13px; cursor: pointer; }
  pre {
    max-height: 220px; margin: 6px 0 0; padding: 8px 10px; overflow: auto;
    border: 1px solid var(--ov-border); border-radius: 6px; background: var(--ov-ground);
    font: 12px/1.55 var(--ov-code); overflow-wrap: anywhere; scrollbar-width: thin;
    white-space: pre-wrap;
  }
  label { display: flex; align-items: flex-start; gap: 8px; margin: 0 0 12px; font-size: 13px; }
  input { flex: none; width: 16px; height: 16px; margin: 2px 0 0; accent-color: var(--ov-accent-strong); }
  .buttons { display: flex; flex-wrap: wrap; gap: 8px; }
  .said { margin: 0; color: var(--ov-text-2); font-size: 13px; }
`;
