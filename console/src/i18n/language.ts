// Which language a person reads, and where its texts come from.
import type { Texts } from './en';

export type Language = 'en' | 'zh';

/** The languages by the names their speakers give them; these are not translated. */
export const languages: Record<Language, string> = { en: 'English', zh: '中文' };

const kept = 'landfall.language';

/** The language chosen here before, else the browser's if there are texts in it, else English. */
export function preferredLanguage(storage: Pick<Storage, 'getItem'>, browser: readonly string[]): Language {
  const chosen = storage.getItem(kept);
  if (chosen === 'en' || chosen === 'zh') return chosen;
  for (const one of browser) {
    if (one.toLowerCase().startsWith('zh')) return 'zh';
    if (one.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}

/** Remembers a choice in this browser. */
export function keepLanguage(storage: Pick<Storage, 'setItem'>, language: Language): void {
  storage.setItem(kept, language);
}

/** Loads the texts of a language; only that language is fetched. */
export async function loadTexts(language: Language): Promise<Texts> {
  return language === 'zh' ? (await import('./zh')).texts : (await import('./en')).texts;
}
