// Styles and browser scripts are bundled as text (see esbuild.mjs and vitest.config.ts).
declare module '*.css' {
  const text: string;
  export default text;
}

declare module '*.client.js' {
  const text: string;
  export default text;
}
