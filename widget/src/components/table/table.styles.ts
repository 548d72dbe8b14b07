/** Styles of `<overset-table>`. */

export const STYLES = `
  :host {
    display: block; overflow: hidden; border: 1px solid var(--ov-border); border-radius: 8px;
    background: var(--ov-ground);
  }
  .scroll { max-height: 280px; overflow: auto; scrollbar-width: thin; }
  .scroll:focus-visible { outline-offset: -2px; }
  table { width: 100%; border-collapse: separate; border-spacing: 0; font-size: 13px; }
  th, td {
    max-width: 260px; padding: 6px 12px; overflow: hidden; text-align: start;
    text-overflow: ellipsis; white-space: nowrap; font-variant-numeric: tabular-nums;
  }
  th {
    position: sticky; inset-block-start: 0; background: var(--ov-soft); font-weight: 600;
    box-shadow: inset 0 -1px var(--ov-border);
  }
  tbody tr:hover td { background: var(--ov-hover); }
  td { border-top: 1px solid var(--ov-border); }
  tbody tr:first-child td { border-top: 0; }
  .number { text-align: end; }
  .null { color: var(--ov-text-3); }
  .foot {
    display: flex; align-items: center; justify-content: space-between; gap: 8px;
    min-height: 34px; padding: 2px 4px 2px 12px; border-top: 1px solid var(--ov-border);
    color: var(--ov-text-2); font-size: 12px;
  }
  .foot button {
    display: inline-flex; align-items: center; gap: 5px; min-height: 26px; padding: 2px 8px;
    border: 0; border-radius: 6px; background: none;
  }
  .foot button:hover { background: var(--ov-hover); color: var(--ov-text); }
`;
