// Lint with types: in a program of several processes a forgotten promise is the usual bug.
import tseslint from 'typescript-eslint';

/** Errors are told in the reader's language, and the English text of a phrase is what a translation is found by. */
const untranslatable = 'Say it with phrase(), so that the editor can translate it.';
const text = ':matches(Literal[value=type(string)], TemplateLiteral)';

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'node_modules/',
      '.cache/',
      '.vscode-host/',
      '.vscode-test/',
      'runs/',
      '**/*.mjs',
      'webview/**/*.js',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      // Methods that satisfy an async interface without waiting are fine.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/testing/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: `NewExpression[callee.name="LabError"] > ${text}.arguments:nth-child(2)`, message: untranslatable },
        { selector: `Property[key.name="remedy"] > ${text}.value`, message: untranslatable },
      ],
    },
  },
);
