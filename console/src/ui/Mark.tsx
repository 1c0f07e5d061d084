import type { ReactNode } from 'react';

/** The mark of Landfall: land seen over water. */
export function Mark({ size = 28 }: { size?: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#0b4f4a" />
      <path d="M4 18.5 11.5 8l4.6 6.2 2.9-3.7 9 8z" fill="#f3e9d2" />
      <path
        d="M4 22.4c2 0 2-1.4 4-1.4s2 1.4 4 1.4 2-1.4 4-1.4 2 1.4 4 1.4 2-1.4 4-1.4 2 1.4 4 1.4M4 26.4c2 0 2-1.4 4-1.4s2 1.4 4 1.4 2-1.4 4-1.4 2 1.4 4 1.4 2-1.4 4-1.4 2 1.4 4 1.4"
        fill="none"
        stroke="#5cc4b3"
        strokeLinecap="round"
        strokeWidth="1.8"
      />
    </svg>
  );
}
