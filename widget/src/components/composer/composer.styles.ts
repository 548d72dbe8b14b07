/** Styles of `<overset-composer>`. */

export const STYLES = `
  :host { display: block; padding: 8px 16px 10px; }
  .inner { max-width: 820px; margin: 0 auto; }
  .box {
    border: 1px solid var(--ov-border-strong); border-radius: 12px; background: var(--ov-ground);
    transition: .15s; transition-property: border-color, box-shadow;
  }
  .box:focus-within { border-color: var(--ov-accent); box-shadow: 0 0 0 3px var(--ov-ring); }
  textarea {
    display: block; width: 100%; min-height: 44px; max-height: 200px; padding: 11px 14px 4px;
    border: 0; outline: 0; background: none; resize: none; line-height: 1.5; overflow-y: auto;
    field-sizing: content; scrollbar-width: thin;
  }
  textarea:focus-visible { outline: 0; }
  textarea::placeholder { color: var(--ov-text-3); opacity: 1; }
  .row { display: flex; align-items: center; gap: 8px; min-height: 40px; padding: 2px 6px 6px 10px; }
  .context {
    display: inline-flex; align-items: center; gap: 5px; min-width: 0; height: 26px;
    padding: 0 2px 0 8px; border-radius: 13px; background: var(--ov-soft); color: var(--ov-text-2);
    font-size: 12px;
  }
  .context .what { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .context .quiet { width: 22px; height: 22px; border-radius: 50%; }
  .left { color: var(--ov-error); font-size: 12px; }
  .space { flex: 1; }
  .send {
    display: grid; flex: none; width: 34px; height: 34px; padding: 0; place-items: center;
    border: 0; border-radius: 9px; background: var(--ov-accent-strong); color: #fff;
    transition: background-color .15s;
  }
  .send:hover:not(:disabled) { background: var(--ov-accent-pressed); }
  .send:disabled { background: var(--ov-soft); color: var(--ov-text-3); }
  .hint { margin: 6px 4px 0; color: var(--ov-text-3); font-size: 12px; text-align: center; }
  .read-only {
    display: flex; gap: 10px; align-items: center; padding: 10px 12px; border-radius: 8px;
    background: var(--ov-soft); color: var(--ov-text-2); font-size: 13px;
  }
`;
