// Where the explorer has its pages. Apart from the model, so that whoever links there does not load it.

export const operationPath = (name: string): string => `/explorer/${name}`;
export const errorPath = (code: string): string => `/explorer/errors#${encodeURIComponent(code)}`;
