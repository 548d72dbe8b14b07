/** Styles of `<overset-notice>`. */

export const STYLES = `
  :host { display: block; }
  div {
    display: flex; align-items: flex-start; gap: 10px; padding: 10px 12px; border-radius: 8px;
    font-size: 13px; overflow-wrap: anywhere;
  }
  .icon { margin-top: 1px; }
  .text { flex: 1; min-width: 0; }
  :host([level="info"]) div { padding: 2px 0; color: var(--ov-text-2); }
  :host([level="warning"]) div { background: var(--ov-warning-soft); }
  :host([level="warning"]) .icon { color: var(--ov-warning); }
  :host([level="error"]) div { background: var(--ov-error-soft); }
  :host([level="error"]) .icon { color: var(--ov-error); }
  .button { display: flex; margin-top: 8px; }
`;
