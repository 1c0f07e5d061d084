// Keys that work on every page, and those a page adds while it is shown.
import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';

export interface Shortcut {
  /** One key, as `KeyboardEvent.key` names it. */
  key: string;
  text: string;
}

let here: readonly Shortcut[] = [];
let helpOpen = false;
const watchers = new Set<() => void>();

function changed(): void {
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function showShortcuts(): void {
  helpOpen = true;
  changed();
}

export function hideShortcuts(): void {
  helpOpen = false;
  changed();
}

export function useShortcutHelp(): { open: boolean; here: readonly Shortcut[] } {
  const open = useSyncExternalStore(watch, () => helpOpen);
  const list = useSyncExternalStore(watch, () => here);
  return { open, here: list };
}

/** Whether keys typed there are text. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest('input, textarea, select, [role="dialog"], [role="menu"]') !== null)
  );
}

/** Adds a key to the page that calls this, and to the help. */
export function useShortcut(key: string, text: string, run: () => void): void {
  const latest = useEffectEvent(run);
  useEffect(() => {
    const shortcut = { key, text };
    here = [...here, shortcut];
    changed();
    const listen = (event: KeyboardEvent): void => {
      if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      latest();
    };
    document.addEventListener('keydown', listen);
    return () => {
      document.removeEventListener('keydown', listen);
      here = here.filter((one) => one !== shortcut);
      changed();
    };
  }, [key, text]);
}
