// The filters of the list as its address has them, so that a link leads to the same list.

export const statuses = [
  'Ready',
  'Running',
  'Stopped',
  'InError',
  'Waiting',
  'Finished',
  'Expired',
  'Deleting',
] as const;
export type Status = (typeof statuses)[number];

export interface Filters {
  page: number;
  status: Status | undefined;
  source: string | undefined;
  name: string;
}

/** Reads the filters of an address; what makes no sense in it is as if it were not there. */
export function filtersIn(query: URLSearchParams): Filters {
  const page = Number(query.get('page') ?? '1');
  const source = query.get('source') ?? '';
  return {
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
    status: statuses.find((one) => one === query.get('status')),
    source: /^s-[\w*-]+$/.test(source) ? source : undefined,
    name: query.get('name') ?? '',
  };
}
