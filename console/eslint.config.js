import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import { defineConfig, globalIgnores } from 'eslint/config';
import ts from 'typescript-eslint';

/** What a person reads comes out of the catalogue, so that it exists in every language. */
const texts = [
  {
    selector: 'JSXText[value=/\\p{L}{2,}/u]',
    message: 'Text goes through the catalogue (src/i18n).',
  },
  {
    selector:
      'JSXAttribute[name.name=/^(title|label|placeholder|alt|description|error|aria-label|nothingFoundMessage)$/] > Literal[value=/\\p{L}{2,}/u]',
    message: 'Text goes through the catalogue (src/i18n).',
  },
];

/** What the content security policy refuses, or what would let stored text run. */
const refused = [
  {
    selector: 'JSXElement > JSXOpeningElement[name.name="style"]',
    message: 'The policy refuses <style>; use a CSS module.',
  },
  { selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]', message: 'Text is never HTML here.' },
  { selector: 'TSNonNullAssertion', message: 'Say what happens when it is missing.' },
];

export default defineConfig(
  globalIgnores([
    'dist',
    'tests/run.js',
    'eslint.config.js',
    '.cache',
    '.screenshots',
    '.evidence',
    'src/api/generated.ts',
  ]),
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  {
    files: ['**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-restricted-syntax': ['error', ...refused],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/only-throw-error': 'off',
    },
  },
  {
    files: ['src/**/*.tsx'],
    ignores: ['src/**/*.test.tsx'],
    rules: { 'no-restricted-syntax': ['error', ...refused, ...texts] },
  },
  {
    // Those who sign and show requests need bytes and dynamic names; the rest of the console does not.
    files: ['tests/**', 'src/**/*.test.{ts,tsx}'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
