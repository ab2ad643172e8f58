// A dialogue of several steps with a way back: which step comes next, and its number among those that apply. Knows no
// editor, so that it can be tested.

/** What a step ends with: an answer was given, one step back, or the whole dialogue given up. */
export type StepEnd = 'next' | 'back' | 'cancel';

export interface StepPlace {
  /** 1-based, among the steps that apply. */
  step: number;
  totalSteps: number;
  /** There is a step to go back to. */
  canGoBack: boolean;
}

export interface Step<State> {
  /** Steps that do not apply to the answers so far are left out. */
  applies?(state: State): boolean;
  /** Asks and keeps the answer in the state, where going back finds it again. */
  ask(state: State, place: StepPlace): Promise<StepEnd>;
}

/** Asks step after step; false when the dialogue was given up. */
export async function askSteps<State>(steps: readonly Step<State>[], state: State): Promise<boolean> {
  const isAsked = (step: Step<State>): boolean => step.applies?.(state) ?? true;
  const trail: Step<State>[] = [];
  let current = steps.find(isAsked);
  while (current) {
    const step = current;
    const asked = steps.filter(isAsked);
    const place = { step: asked.indexOf(step) + 1, totalSteps: asked.length, canGoBack: trail.length > 0 };
    const end = await step.ask(state, place);
    if (end === 'cancel') return false;
    if (end === 'back') current = trail.pop() ?? step;
    else {
      trail.push(step);
      current = steps.slice(steps.indexOf(step) + 1).find(isAsked);
    }
  }
  return true;
}
