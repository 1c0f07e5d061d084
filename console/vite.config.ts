import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The center whose API `npm run dev` talks to.
const center = process.env.LANDFALL_ENDPOINT ?? 'http://127.0.0.1:8620';

export default defineConfig({
  base: '/console/',
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    // An asset inside of a stylesheet or script would need `data:` where the policy has none.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler|react-router)[\\/]/ },
            { name: 'query', test: /node_modules[\\/]@tanstack[\\/]query-core|@tanstack[\\/]react-query[\\/]/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      '^/console/(session|call)$': { target: center },
      '/events': { target: center },
    },
  },
});
