import { defineConfig, mergeConfig } from 'vitest/config';
import vite from './vite.config.ts';

// Tests in a real browser against a real center. One file at a time: a browser, a center and an agent fill a small machine.
export default mergeConfig(
  vite,
  defineConfig({
    test: {
      include: ['tests/**/*.e2e.ts'],
      environment: 'node',
      fileParallelism: false,
      testTimeout: 180_000,
      hookTimeout: 180_000,
      expect: { poll: { timeout: 45_000, interval: 100 } },
    },
  }),
);
