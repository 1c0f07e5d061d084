import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** The accent: the green of water near land. */
const landfall: MantineColorsTuple = [
  '#e9f5f2',
  '#d3e8e3',
  '#a8d3ca',
  '#7fc9bb',
  '#5cc4b3',
  '#2f9a8b',
  '#147f74',
  '#0b6b63',
  '#08584f',
  '#05443e',
];

const gray: MantineColorsTuple = [
  '#f8f6f1',
  '#f0ede6',
  '#e6e2d9',
  '#d8d3c8',
  '#c3bdb0',
  '#a59f93',
  '#757972',
  '#5a615d',
  '#3a403d',
  '#1d2321',
];

const dark: MantineColorsTuple = [
  '#e6e7e2',
  '#c3c8c4',
  '#a2aaa5',
  '#7b8480',
  '#4d5653',
  '#373f3c',
  '#232a28',
  '#1a1f1e',
  '#131716',
  '#0f1312',
];

export const theme = createTheme({
  colors: { landfall, gray, dark },
  primaryColor: 'landfall',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  black: '#1d2321',
  white: '#fffefb',
  defaultRadius: 6,
  fontFamily:
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  spacing: { xs: '0.5rem', sm: '0.75rem', md: '1rem', lg: '1.5rem', xl: '2rem' },
  headings: {
    fontWeight: '600',
    sizes: { h1: { fontSize: '1.375rem' }, h2: { fontSize: '1.0625rem' }, h3: { fontSize: '0.9375rem' } },
  },
  components: {
    Button: { defaultProps: { size: 'sm', variant: 'filled' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250 } },
    Modal: { defaultProps: { centered: true }, styles: { title: { fontSize: '1.0625rem', fontWeight: 600 } } },
    // Mantine would take two pixels off, to eleven.
    InputDescription: { defaultProps: { fz: 'xs' } },
    Loader: { defaultProps: { type: 'dots' } },
  },
});

/** Mantine's own names, led back to the console's palette. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#fffefb',
    '--mantine-color-text': '#1d2321',
    '--mantine-color-dimmed': '#5a615d',
    '--mantine-color-error': '#a8261d',
    '--mantine-color-placeholder': '#6d726e',
    '--mantine-color-default-border': '#b9b2a4',
    '--mantine-color-anchor': '#0b6b63',
  },
  dark: {
    '--mantine-color-body': '#1a1f1e',
    '--mantine-color-text': '#e6e7e2',
    '--mantine-color-dimmed': '#a2aaa5',
    '--mantine-color-error': '#f29a8f',
    '--mantine-color-placeholder': '#8d9691',
    '--mantine-color-default': '#1a1f1e',
    '--mantine-color-default-hover': '#232a28',
    '--mantine-color-default-border': '#4d5653',
    '--mantine-color-anchor': '#5cc4b3',
  },
});
