/** Styles of `<overset-welcome>`. */

export const STYLES = `
  :host { display: block; max-width: 560px; margin: 0 auto; padding: 12px 4px 8px; }
  .mark {
    display: grid; width: 44px; height: 44px; margin-bottom: 16px; place-items: center;
    border-radius: 12px; background: var(--ov-accent-soft); color: var(--ov-link);
  }
  h2 { margin: 0 0 6px; font-size: 18px; font-weight: 600; line-height: 1.35; text-wrap: balance; }
  p { margin: 0 0 18px; color: var(--ov-text-2); }
  .offline {
    display: flex; gap: 10px; padding: 10px 12px; border-radius: 8px; background: var(--ov-soft);
    font-size: 13px;
  }
  .offline .icon { margin-top: 2px; color: var(--ov-link); }
  ul { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; margin: 0 0 24px; padding: 0; list-style: none; }
  ul button {
    display: flex; align-items: center; justify-content: space-between; gap: 10px; width: 100%;
    min-height: 40px; padding: 8px 14px; border: 1px solid var(--ov-border); border-radius: 8px;
    background: var(--ov-ground); text-align: start; transition: .15s;
    transition-property: border-color, background-color;
  }
  ul button:hover { border-color: var(--ov-accent); background: var(--ov-accent-faint); }
  ul .icon { color: var(--ov-text-3); }
  :host(:dir(rtl)) ul .icon { transform: scaleX(-1); }
  h3 { margin: 0 0 8px; color: var(--ov-text-2); font-size: 12px; font-weight: 500; }
  .recent { gap: 0; margin-bottom: 8px; }
  .recent button { min-height: 36px; padding: 6px 10px; border-color: transparent; }
  .recent button:hover { border-color: transparent; background: var(--ov-hover); }
  .name { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .when { flex: none; color: var(--ov-text-3); font-size: 12px; }
`;
