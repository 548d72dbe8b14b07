/** Styles of `<overset-conversation>`. */

export const STYLES = `
  :host { position: relative; display: flex; flex: 1; flex-direction: column; min-height: 0; }
  .scroll {
    flex: 1; min-height: 0; padding: 20px 20px 12px; overflow-y: auto; overscroll-behavior: contain;
    scrollbar-width: thin; scrollbar-color: var(--ov-border-strong) transparent;
  }
  .scroll:focus-visible { outline-offset: -2px; }
  .log { display: flex; flex-direction: column; gap: 12px; max-width: 820px; margin: 0 auto; }
  .log > [from="member"]:not(:first-child) { margin-top: 12px; }
  .log > overset-tool-call + overset-tool-call { margin-top: -4px; }
  .summary { margin: -4px 0 0; color: var(--ov-text-3); font-size: 12px; }
  .working {
    display: flex; align-items: center; gap: 10px; min-height: 24px; margin-top: 12px;
    color: var(--ov-text-2); font-size: 13px;
  }
  .dots { display: inline-flex; gap: 4px; }
  .dots i {
    width: 6px; height: 6px; border-radius: 50%; background: var(--ov-accent);
    animation: beat 1.2s ease-in-out infinite;
  }
  .dots i:nth-child(2) { animation-delay: .15s; } .dots i:nth-child(3) { animation-delay: .3s; }
  @keyframes beat { 0%, 60%, 100% { opacity: .25; } 30% { opacity: 1; transform: translateY(-2px); } }
  .latest {
    position: absolute; inset-block-end: 10px; inset-inline: 0; display: grid; width: 34px;
    height: 34px; margin: 0 auto; padding: 0; place-items: center;
    border: 1px solid var(--ov-border); border-radius: 50%; background: var(--ov-ground);
    color: var(--ov-text-2); box-shadow: var(--ov-shadow-1);
  }
  .latest:hover { color: var(--ov-link); }
`;
