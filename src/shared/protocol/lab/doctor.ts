// The checks of `forgetting-lab doctor`, made where runs are carried out.
import type { Words } from '../../phrase.ts';
import { notification, request } from './message.ts';

/** `ok`: fine, `warning`: works without, `problem`: a run will fail. */
export interface DoctorCheck {
  kind: 'check';
  name: Words;
  state: 'ok' | 'warning' | 'problem';
  detail: Words;
}

/** Answered when every check is done; `doctor/check` tells each as soon as it is known. */
export const runDoctor = request<Record<string, never>, DoctorCheck[]>('doctor/run', { needsTrust: true });
export const doctorCheck = notification<DoctorCheck>('doctor/check');
