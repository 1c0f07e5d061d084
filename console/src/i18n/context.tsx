import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { Texts } from './en';
import { keepLanguage, loadTexts, type Language } from './language';

interface Catalogue {
  language: Language;
  texts: Texts;
  setLanguage: (language: Language) => Promise<void>;
}

const Context = createContext<Catalogue | null>(null);

interface TextsProviderProps {
  initial: { language: Language; texts: Texts };
  children: ReactNode;
}

/** Gives everything below it the texts of one language. */
export function TextsProvider({ initial, children }: TextsProviderProps): ReactNode {
  const [current, setCurrent] = useState(initial);
  const setLanguage = useCallback(async (language: Language) => {
    const texts = await loadTexts(language);
    keepLanguage(localStorage, language);
    setCurrent({ language, texts });
  }, []);
  useEffect(() => {
    document.documentElement.lang = current.language === 'zh' ? 'zh-CN' : 'en';
  }, [current.language]);
  const value = useMemo(() => ({ ...current, setLanguage }), [current, setLanguage]);
  return <Context value={value}>{children}</Context>;
}

function useCatalogue(): Catalogue {
  const catalogue = useContext(Context);
  if (!catalogue) throw new Error('texts are used outside of TextsProvider');
  return catalogue;
}

/** The texts of the language that is chosen. */
export function useTexts(): Texts {
  return useCatalogue().texts;
}

/** The language that is chosen, its locale for Intl, and how to choose another. */
export function useLanguage(): { language: Language; locale: string; setLanguage: Catalogue['setLanguage'] } {
  const { language, setLanguage } = useCatalogue();
  return { language, locale: language === 'zh' ? 'zh-CN' : 'en', setLanguage };
}
