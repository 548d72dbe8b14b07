/** Styles of `<overset-plan>`. */

export const STYLES = `
  :host { display: block; padding: 10px 14px; border-radius: 8px; background: var(--ov-soft); }
  h3 {
    display: flex; justify-content: space-between; margin: 0 0 6px; color: var(--ov-text-2);
    font-size: 12px; font-weight: 500;
  }
  ol { display: grid; gap: 4px; margin: 0; padding: 0; list-style: none; }
  li { display: flex; align-items: flex-start; gap: 8px; font-size: 13px; overflow-wrap: anywhere; }
  .mark {
    display: grid; flex: none; place-items: center; width: 16px; height: 16px; margin-top: 2px;
    border: 1.5px solid var(--ov-border-strong); border-radius: 50%; color: #fff;
  }
  [data-status="done"] { color: var(--ov-text-2); }
  [data-status="done"] .mark { border-color: transparent; background: var(--ov-success); }
  [data-status="running"] { font-weight: 500; }
  [data-status="running"] .mark { border-color: var(--ov-accent); }
  [data-status="running"] .mark::after {
    content: ""; width: 6px; height: 6px; border-radius: 50%; background: var(--ov-accent);
    animation: pulse 1.4s ease-in-out infinite;
  }
  @keyframes pulse { 50% { opacity: .3; } }
`;
