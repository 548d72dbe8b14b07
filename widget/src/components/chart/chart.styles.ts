/** Styles of `<overset-chart>`. */

export const STYLES = `
  :host { display: block; }
  a {
    display: block; overflow: hidden; border: 1px solid var(--ov-border); border-radius: 8px;
    background: var(--ov-ground); color: var(--ov-text); transition: .15s;
    transition-property: border-color, box-shadow;
  }
  a:hover { border-color: var(--ov-accent); text-decoration: none; box-shadow: var(--ov-shadow-1); }
  .frame {
    display: grid; aspect-ratio: 8 / 5; background: #fff;
    border-bottom: 1px solid var(--ov-border);
  }
  .frame > * { grid-area: 1 / 1; width: 100%; height: 100%; }
  img { object-fit: contain; animation: appear .25s; }
  .waiting { display: grid; place-items: center; background: var(--ov-soft); }
  .bars { display: flex; align-items: flex-end; gap: 8px; height: 64px; }
  .bars i {
    width: 14px; border-radius: 3px 3px 0 0; background: var(--ov-accent); opacity: .3;
    animation: grow 1.4s ease-in-out infinite; transform-origin: bottom;
  }
  .bars i:nth-child(1) { height: 45%; } .bars i:nth-child(2) { height: 80%; animation-delay: .15s; }
  .bars i:nth-child(3) { height: 60%; animation-delay: .3s; }
  .bars i:nth-child(4) { height: 100%; animation-delay: .45s; }
  .caption { display: flex; align-items: center; gap: 8px; min-height: 38px; padding: 6px 12px; }
  .caption .icon { color: var(--ov-link); }
  .title { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .kind { flex: none; color: var(--ov-text-2); font-size: 12px; }
  @keyframes grow { 50% { transform: scaleY(.7); opacity: .55; } }
  @keyframes appear { from { opacity: 0; } }
`;
