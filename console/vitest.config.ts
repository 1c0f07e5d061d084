import { defineConfig, mergeConfig } from 'vitest/config';
import vite from './vite.config.ts';

export default mergeConfig(
  vite,
  defineConfig({
    test: {
      include: ['src/**/*.test.{ts,tsx}'],
      environment: 'node',
      env: { TZ: 'UTC' },
      // Some run programs of other languages, which a machine that does much else starts slowly.
      testTimeout: 120_000,
    },
  }),
);
