// The thread in which texts become tokens.
import { serveDesk } from '../threads/serveDesk.ts';
import { textAnswers } from './textService.ts';

serveDesk(textAnswers());
