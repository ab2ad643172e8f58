// The texts in code that a person sees: first arguments of `t(...)` in the extension, of `text(...)` in panels, and of
// `phrase(...)` wherever sentences are made.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export interface FoundText {
  /** Undefined when the argument is not a literal, so that nobody can translate it. */
  text: string | undefined;
  /** file:line */
  place: string;
}

/** First arguments of every call of a function called `name` below a folder. Tests are left out. */
export function textsIn(folder: string, name: string): FoundText[] {
  return sourcesIn(folder).flatMap((file) => callsIn(file, name).flatMap((call) => textsOf(file, call)));
}

/** Commands that are registered with options, of which there is one: that they need trust. */
export function trustedCommands(folder: string): string[] {
  return sourcesIn(folder)
    .flatMap((file) => callsIn(file, 'command'))
    .filter((call) => call.arguments.length === 3)
    .flatMap((call) => literals(call.arguments[0]!))
    .filter((id) => id !== undefined);
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => path.join(folder, file))
    .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|\/testing/.test(file));
}

function callsIn(file: string, name: string): ts.CallExpression[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && calledName(node) === name) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function textsOf(file: string, call: ts.CallExpression): FoundText[] {
  const [first] = call.arguments;
  const { line } = call.getSourceFile().getLineAndCharacterOfPosition(call.getStart());
  return first ? literals(first).map((text) => ({ text, place: `${file}:${line + 1}` })) : [];
}

function calledName({ expression }: ts.CallExpression): string | undefined {
  if (ts.isIdentifier(expression)) return expression.text;
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : undefined;
}

/** The texts that an argument can be. */
function literals(argument: ts.Expression): (string | undefined)[] {
  if (ts.isStringLiteralLike(argument)) return [argument.text];
  if (ts.isParenthesizedExpression(argument)) return literals(argument.expression);
  if (ts.isConditionalExpression(argument)) return [...literals(argument.whenTrue), ...literals(argument.whenFalse)];
  if (ts.isBinaryExpression(argument) && argument.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [literals(argument.left), literals(argument.right)];
    return left.flatMap((one) =>
      right.map((other) => (one === undefined || other === undefined ? undefined : one + other)),
    );
  }
  return [undefined];
}
