import { Group, Modal, Stack, Text, Title } from '@mantine/core';
import { useEffect, useEffectEvent, useRef, type ReactNode } from 'react';
import { useNavigate } from 'react-router';
import { useTexts } from '@/i18n/context';
import { places } from './places';
import classes from './Shell.module.css';
import { hideShortcuts, isTyping, showShortcuts, useShortcutHelp } from './keys';

/** Milliseconds within which the second key of a pair is awaited. */
const pairWithin = 1_200;

/** Listens for the keys of the whole console and shows which there are. */
export function Shortcuts(): ReactNode {
  const texts = useTexts();
  const { shell } = texts;
  const navigate = useNavigate();
  const { open, here } = useShortcutHelp();
  const began = useRef(-Infinity);
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === '?') showShortcuts();
    if (event.key === 'g') {
      began.current = event.timeStamp;
      return;
    }
    const place = places.find(({ key }) => key === event.key);
    if (place && event.timeStamp - began.current < pairWithin) void navigate(place.path);
    began.current = -Infinity;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => onKey(event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
  const groups: [string, [string[], string][]][] = [
    [shell.shortcutGroups.go, places.map(({ key, title }) => [['g', key], title(texts)])],
    [
      shell.shortcutGroups.tables,
      [
        [['↑', '↓'], shell.shortcutRows],
        [['Home', 'End'], shell.shortcutEnds],
        [['Enter'], shell.shortcutRow],
      ],
    ],
    [
      shell.shortcutGroups.here,
      [...here.map(({ key, text }): [string[], string] => [[key], text]), [['?'], shell.shortcuts]],
    ],
  ];
  return (
    <Modal
      opened={open}
      onClose={hideShortcuts}
      title={shell.shortcuts}
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <Stack gap="md">
        {groups.map(([title, keys]) => (
          <section key={title}>
            <Title order={3} mb="xs">
              {title}
            </Title>
            <Stack gap={6}>
              {keys.map(([pressed, text]) => (
                <Group key={text} justify="space-between">
                  <Text size="sm">{text}</Text>
                  <Group gap={4}>
                    {pressed.map((key) => (
                      <kbd key={key} className={classes.kbd}>
                        {key}
                      </kbd>
                    ))}
                  </Group>
                </Group>
              ))}
            </Stack>
          </section>
        ))}
      </Stack>
    </Modal>
  );
}
