/** Styles of `<overset-threads>`. */

export const STYLES = `
  :host { display: flex; flex: 1; flex-direction: column; min-height: 0; }
  .search { position: relative; margin: 14px 16px 8px; }
  .search .icon { position: absolute; inset-block-start: 10px; inset-inline-start: 11px; color: var(--ov-text-3); }
  input {
    width: 100%; min-height: 36px; padding: 5px 11px; border: 1px solid var(--ov-border-strong);
    border-radius: 8px; background: var(--ov-ground);
  }
  .search input { padding-inline-start: 34px; }
  input:focus { border-color: var(--ov-accent); outline: 0; box-shadow: 0 0 0 3px var(--ov-ring); }
  input::placeholder { color: var(--ov-text-3); opacity: 1; }
  .scroll { flex: 1; min-height: 0; padding: 0 8px 16px; overflow-y: auto; scrollbar-width: thin; }
  ul { margin: 0; padding: 0; list-style: none; }
  li { position: relative; border-radius: 8px; }
  li:hover, li:focus-within { background: var(--ov-hover); }
  li.current { background: var(--ov-accent-soft); }
  .row { display: flex; align-items: center; padding-inline-end: 6px; }
  .open {
    flex: 1; min-width: 0; padding: 8px 10px; border: 0; border-radius: 8px; background: none;
    text-align: start;
  }
  .open .name { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .open .when { display: flex; gap: 6px; color: var(--ov-text-2); font-size: 12px; }
  .running { color: var(--ov-link); }
  .actions { display: flex; opacity: 0; }
  li:hover .actions, li:focus-within .actions { opacity: 1; }
  @media (hover: none) { .actions { opacity: 1; } }
  form, .sure { display: flex; align-items: center; gap: 8px; padding: 8px 10px; }
  form input { flex: 1; min-width: 0; min-height: 32px; }
  .sure span { flex: 1; }
  .button { min-height: 30px; padding: 2px 12px; font-size: 13px; }
  .status { margin: 0; padding: 12px 12px; color: var(--ov-text-2); }
  .status:empty { display: none; }
  .more { display: block; margin: 8px auto; }
`;
