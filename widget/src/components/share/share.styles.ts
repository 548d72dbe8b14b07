/** Styles of `<overset-share>`. */

export const STYLES = `
  :host { display: block; flex: 1; min-height: 0; padding: 20px; overflow-y: auto; }
  h2 { margin: 0 0 6px; font-size: 16px; font-weight: 600; overflow-wrap: anywhere; }
  p { margin: 0 0 14px; color: var(--ov-text-2); font-size: 13px; overflow-wrap: anywhere; }
  p:empty { display: none; }
  label { display: block; margin: 0 0 4px; font-weight: 500; }
  form { display: flex; gap: 8px; margin: 0 0 6px; }
  input {
    flex: 1; min-width: 0; min-height: 36px; padding: 5px 11px;
    border: 1px solid var(--ov-border-strong); border-radius: 8px; background: var(--ov-ground);
  }
  input:focus { border-color: var(--ov-accent); outline: 0; box-shadow: 0 0 0 3px var(--ov-ring); }
  ul { margin: 0 0 14px; padding: 0; list-style: none; }
  li { display: flex; align-items: center; gap: 8px; min-height: 38px; border-radius: 8px; }
  li > span { flex: 1; min-width: 0; padding-inline-start: 10px; overflow: hidden; text-overflow: ellipsis; }
  .found button {
    width: 100%; min-height: 36px; padding: 4px 10px; border: 0; border-radius: 8px;
    background: none; text-align: start;
  }
  .found button:hover { background: var(--ov-hover); }
  .failed { color: var(--ov-error); }
`;
