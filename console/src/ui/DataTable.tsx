import { Checkbox, Group, NativeSelect, Pagination, Text } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import classes from './DataTable.module.css';
import { Failure } from './Failure';
import { Loading } from './Loading';

export interface Column<Row> {
  key: string;
  header: string;
  cell: (row: Row) => ReactNode;
  /** For numbers. */
  end?: boolean;
  /** Left out where the screen is narrower than a laptop's. */
  wide?: boolean;
  /** Short words that are not broken, such as times and addresses. */
  whole?: boolean;
}

export interface Paging {
  page: number;
  size: number;
  total: number;
  onPage: (page: number) => void;
  /** Other sizes that a person may choose. */
  sizes?: readonly number[];
  onSize?: (size: number) => void;
}

export interface Selection {
  keys: ReadonlySet<string>;
  onChange: (keys: ReadonlySet<string>) => void;
}

interface DataTableProps<Row> {
  /** What the table lists, for those who do not see it. */
  label: string;
  columns: readonly Column<Row>[];
  /** One page of rows; `undefined` while it is on its way. */
  rows: readonly Row[] | undefined;
  rowKey: (row: Row) => string;
  failure?: unknown;
  onRetry?: () => void;
  /** Shown in place of no rows. */
  empty: ReactNode;
  paging?: Paging;
  onOpen?: (row: Row) => void;
  selection?: Selection;
}

/** Rows up to which all are drawn; of more, only those in view are. */
const drawnWhole = 60;

/** A list of things, a page at a time. The arrow keys go through its rows, Enter opens one, Space selects it. */
export function DataTable<Row>(props: DataTableProps<Row>): ReactNode {
  const { rows, failure, onRetry, empty, paging } = props;
  if (failure && !rows) {
    return (
      <div className={classes.aside}>
        <Failure failure={failure} onRetry={onRetry} />
      </div>
    );
  }
  if (!rows) {
    return (
      <div className={classes.aside}>
        <Loading rows={6} />
      </div>
    );
  }

  const stale = failure !== undefined && failure !== null && (
    <div className={classes.aside}>
      <Failure failure={failure} onRetry={onRetry} stale />
    </div>
  );
  if (rows.length === 0 && (paging?.page ?? 1) === 1) {
    return (
      <>
        {stale}
        {empty}
      </>
    );
  }
  return (
    <>
      {stale}
      <Rows {...props} rows={rows} />
      {paging && <Pages {...paging} />}
    </>
  );
}

function Rows<Row>(props: DataTableProps<Row> & { rows: readonly Row[] }): ReactNode {
  const { label, columns, rows, rowKey, selection } = props;
  const { common } = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const virtual = rows.length > drawnWhole;
  // eslint-disable-next-line react-hooks/incompatible-library -- the compiler is not used here
  const virtualizer = useVirtualizer({
    count: virtual ? rows.length : 0,
    getScrollElement: () => box.current,
    estimateSize: () => 56,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const shown = virtual ? items.map(({ index }) => index) : rows.map((_, index) => index);
  const before = items[0]?.start ?? 0;
  const after = virtual ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  const { page = 1, size = 0, total = rows.length } = props.paging ?? {};
  // The number of a row in the whole list; the head is the first.
  const numberOf = (index: number): number => (page - 1) * size + index + 2;
  const wanted = useRef<number | null>(null);
  // Of many rows, the one to go to may have to be scrolled to before it is drawn.
  useEffect(() => {
    if (wanted.current === null || !focusRow(box.current, wanted.current)) return;
    wanted.current = null;
  });
  const walk = (event: KeyboardEvent): void => {
    const from = (event.target as HTMLElement).matches('[data-row]')
      ? (event.target as HTMLElement).dataset.index
      : undefined;
    if (from === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = rows.length - 1;
    const to = { ArrowDown: Number(from) + 1, ArrowUp: Number(from) - 1, Home: 0, End: last }[event.key];
    if (to === undefined || to < 0 || to > last) return;
    event.preventDefault();
    if (focusRow(box.current, to)) return;
    wanted.current = to;
    virtualizer.scrollToIndex(to);
  };
  const all = rows.map(rowKey);
  const chosen = selection ? all.filter((key) => selection.keys.has(key)).length : 0;
  return (
    <div className={classes.box} ref={box} data-virtual={virtual || undefined}>
      <table className={classes.table} role="table" aria-label={label} aria-rowcount={total + 1}>
        <thead role="rowgroup">
          <tr role="row" aria-rowindex={1}>
            {selection && (
              <th role="columnheader" className={classes.check}>
                <Checkbox
                  size="xs"
                  aria-label={common.selectAll}
                  checked={chosen > 0 && chosen === all.length}
                  indeterminate={chosen > 0 && chosen < all.length}
                  onChange={() => selection.onChange(new Set(chosen === all.length ? [] : all))}
                />
              </th>
            )}
            {columns.map(({ key, header, end, wide }) => (
              <th role="columnheader" key={key} data-end={end} data-wide={wide}>
                {header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" onKeyDown={walk}>
          {before > 0 && <tr aria-hidden style={{ height: before }} />}
          {shown.map((index) => {
            const row = rows[index];
            return row === undefined ? null : (
              <OneRow
                key={rowKey(row)}
                {...props}
                row={row}
                index={index}
                number={numberOf(index)}
                measure={virtual ? virtualizer.measureElement : undefined}
              />
            );
          })}
          {after > 0 && <tr aria-hidden style={{ height: after }} />}
        </tbody>
      </table>
    </div>
  );
}

type OneRowProps<Row> = DataTableProps<Row> & {
  row: Row;
  index: number;
  number: number;
  measure: ((node: Element | null) => void) | undefined;
};

function OneRow<Row>({ columns, row, rowKey, index, number, measure, onOpen, selection }: OneRowProps<Row>): ReactNode {
  const { common } = useTexts();
  const key = rowKey(row);
  const select = (): void => selection?.onChange(toggled(selection.keys, key));
  const onKey = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget) return;
    if (event.key === 'Enter' && onOpen) onOpen(row);
    else if (event.key === ' ' && selection) select();
    else return;
    event.preventDefault();
  };
  return (
    <tr
      role="row"
      ref={measure}
      data-index={index}
      aria-rowindex={number}
      data-row
      data-open={onOpen !== undefined || undefined}
      tabIndex={onOpen ? 0 : -1}
      aria-selected={selection?.keys.has(key)}
      onKeyDown={onKey}
      onClick={(event) => {
        // A dialog that was opened from the row lies elsewhere on the page, but its clicks come by here.
        if (!event.currentTarget.contains(event.target as Node)) return;
        // A link or button in the row does its own thing, and text that is being marked is no click.
        const inner = (event.target as Element).closest('a, button, input, label');
        if (onOpen && !inner && window.getSelection()?.isCollapsed !== false) onOpen(row);
      }}
    >
      {selection && (
        <td role="cell" className={classes.check}>
          <Checkbox size="xs" aria-label={common.selectRow(key)} checked={selection.keys.has(key)} onChange={select} />
        </td>
      )}
      {columns.map(({ key: column, header, cell, end, wide, whole }) => (
        <td role="cell" key={column} data-label={header} data-end={end} data-wide={wide} data-whole={whole}>
          {cell(row)}
        </td>
      ))}
    </tr>
  );
}

function Pages({ page, size, total, onPage, sizes = [], onSize }: Paging): ReactNode {
  const { common } = useTexts();
  const pages = Math.max(1, Math.ceil(total / size));
  return (
    <Group className={classes.foot} justify="space-between">
      <Text size="sm" c="dimmed" role="status">
        {common.range(Math.min(total, (page - 1) * size + 1), Math.min(total, page * size), total)}
      </Text>
      {onSize && total > Math.min(...sizes) && (
        <NativeSelect
          size="xs"
          aria-label={common.perPage}
          value={size}
          onChange={(event) => onSize(Number(event.currentTarget.value))}
          data={sizes.map((one) => ({ value: String(one), label: common.rows(one) }))}
        />
      )}
      {pages > 1 && (
        <Pagination
          size="sm"
          total={pages}
          value={page}
          onChange={onPage}
          aria-label={common.pages}
          getItemProps={(number) => ({ 'aria-label': common.page(number) })}
          getControlProps={(control) => ({
            'aria-label': control === 'previous' ? common.previousPage : common.nextPage,
          })}
        />
      )}
    </Group>
  );
}

/** Another set, with the key in it or not any more. */
export function toggled(keys: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(keys);
  if (!next.delete(key)) next.add(key);
  return next;
}

/** Moves the focus to a row; `false` when it is not drawn. */
function focusRow(box: HTMLElement | null, index: number): boolean {
  const row = box?.querySelector<HTMLElement>(`tr[data-index="${index}"]`);
  row?.focus();
  return row !== null && row !== undefined;
}
