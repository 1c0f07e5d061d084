import { Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './Sources.module.css';

interface NoticeProps {
  tone: 'wait' | 'bad';
  title: string;
  children: ReactNode;
}

/** Something that is to be read before going on. */
export function Notice({ tone, title, children }: NoticeProps): ReactNode {
  return (
    <div className={classes.notice} data-tone={tone} role="note">
      <IconAlertTriangle size={20} aria-hidden />
      <div>
        <Text fw={600}>{title}</Text>
        <div className={classes.noticeText}>{children}</div>
      </div>
    </div>
  );
}
