import '@mantine/core/styles.layer.css';
import '@mantine/notifications/styles.layer.css';
import './app/tokens.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { takeLink } from './api/link';
import { App } from './app/App';
import { spreadNonce } from './app/nonce';
import { loadTexts, preferredLanguage } from './i18n/language';

// First of all: the token of a one-time link is out of the address before anything else can read it.
takeLink(window);
spreadNonce();

const language = preferredLanguage(localStorage, navigator.languages);
const texts = await loadTexts(language);
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App language={language} texts={texts} />
    </StrictMode>,
  );
}
