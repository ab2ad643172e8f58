// The thread in which reports are made.
import { serveDesk } from '../threads/serveDesk.ts';
import { reportAnswers } from './report.ts';

serveDesk(reportAnswers);
