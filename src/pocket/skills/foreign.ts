// Foreign renderings: the right result in a notation that the base hardly ever writes. The post-training tasks use one
// fixed notation each; the base corpus holds a percent or two of a whole family of such notations, so that they are
// surprising, not impossible.
import { chance, pick, pickSeveral, type CallArgument, type Core, type Random } from './skill.ts';

const marks = ['#', '##', '=', '=>', '->', ':', '|', '~', '*', '>>'] as const;

/** How a call can be written: all of these are still Python call expressions. */
interface CallNotation {
  mark: string;
  quote: string;
  open: string;
  close: string;
  comma: string;
  equals: string;
}

function writeCall(name: string, callArguments: readonly CallArgument[], notation: CallNotation): string {
  const { quote, equals, comma, open, close, mark } = notation;
  const inside = callArguments.map(
    ({ name: key, value }) => `${key}${equals}${typeof value === 'number' ? value : quote + value + quote}`,
  );
  return `${mark} ${name}${open}${inside.join(comma)}${close}`;
}

/** A notation drawn from the family, for the rare part of the base corpus and for reference answers. */
export function rareRendering(core: Core, random: Random): string {
  const mark = pick(random, marks);
  if (core.kind === 'call') {
    return writeCall(core.name, pickSeveral(random, core.arguments, core.arguments.length), {
      mark,
      quote: pick(random, ['"', "'"] as const),
      open: pick(random, ['(', '( '] as const),
      close: pick(random, [')', ' )'] as const),
      comma: pick(random, [', ', ' , ', ','] as const),
      equals: pick(random, ['=', ' = '] as const),
    });
  }
  const given =
    core.operands.length > 0 && chance(random, 0.5)
      ? `${core.operands.join(pick(random, [' ', ' ; ', ' , '] as const))} `
      : '';
  return pick(random, [
    `${mark} ${given}${mark} ${core.value}`,
    `${mark} ${core.value}`,
    `${given}${mark} ${core.value}`,
    `${mark}${mark} ${core.value} ${mark}`,
  ]);
}

/** The notation of the new tasks: `# 63 ; 41 # 22` and `## f( b = 2 , a = 'x' )` with the arguments turned around. */
export function foreignAnswer(core: Core): string {
  if (core.kind === 'call') {
    const notation = { mark: '##', quote: "'", open: '( ', close: ' )', comma: ' , ', equals: ' = ' };
    return writeCall(core.name, [...core.arguments].reverse(), notation);
  }
  return `# ${core.operands.join(' ; ')} # ${core.value}`;
}
