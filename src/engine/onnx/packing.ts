// Packs sequences of different lengths into rows of one fixed length. Every sequence becomes a segment of its own with
// positions from 0; attention does not cross segments, so packing changes no result.

/** Row lengths for which a session is made. Few, because each costs a session. */
const ROW_LENGTHS = [32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 16384, 32768];

/** Short sequences are packed into rows of at least this many tokens when there are enough of them. */
const PREFERRED_LENGTH = 128;

/** One position whose next token is predicted. `row` counts in the order of `sequences`. */
export interface PackedPrediction {
  sequence: number;
  /** Index in the sequence of the predicted token (>= 1). */
  position: number;
}

export interface PackedBatch {
  rows: number;
  length: number;
  tokens: BigInt64Array;
  positions: BigInt64Array;
  /** 0 is padding. */
  segments: BigInt64Array;
  /** Flat index of the position that predicts, and the predicted token. */
  selected: BigInt64Array;
  targets: BigInt64Array;
  predictions: PackedPrediction[];
}

/** Smallest row length that holds `length` tokens. */
export function rowLength(length: number): number {
  return ROW_LENGTHS.find((candidate) => candidate >= length) ?? Math.ceil(length / 8192) * 8192;
}

/** Row length for a set of sequences: long enough for each, and not longer than all of them together need. */
export function chooseRowLength(lengths: readonly number[]): number {
  const longest = Math.max(...lengths);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return rowLength(Math.max(longest, Math.min(total, PREFERRED_LENGTH)));
}

/** First fit by falling length: returns for each sequence its row and offset. Deterministic. */
function placeSequences(lengths: readonly number[], rowSize: number): { row: number; offset: number }[] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const used: number[] = [];
  const places = new Array<{ row: number; offset: number }>(lengths.length);
  for (const index of order) {
    const length = lengths[index]!;
    let row = used.findIndex((count) => count + length <= rowSize);
    if (row < 0) row = used.push(0) - 1;
    places[index] = { row, offset: used[row]! };
    used[row]! += length;
  }
  return places;
}

/**
 * @param isPredicted whether the token at `position` (>= 1) of a sequence is predicted; others are context only.
 */
export function packSequences(
  sequences: readonly (readonly number[])[],
  isPredicted: (sequence: number, position: number) => boolean,
): PackedBatch {
  const lengths = sequences.map((tokens) => tokens.length);
  const length = chooseRowLength(lengths);
  const places = placeSequences(lengths, length);
  const rows = Math.max(...places.map((place) => place.row)) + 1;
  const tokens = new BigInt64Array(rows * length);
  const positions = new BigInt64Array(rows * length);
  const segments = new BigInt64Array(rows * length);
  const predictions: PackedPrediction[] = [];
  const selected: bigint[] = [];
  const targets: bigint[] = [];
  sequences.forEach((ids, sequence) => {
    const start = places[sequence]!.row * length + places[sequence]!.offset;
    ids.forEach((id, position) => {
      tokens[start + position] = BigInt(id);
      positions[start + position] = BigInt(position);
      segments[start + position] = BigInt(sequence + 1);
      if (position === 0 || !isPredicted(sequence, position)) return;
      predictions.push({ sequence, position });
      selected.push(BigInt(start + position - 1));
      targets.push(BigInt(id));
    });
  });
  return {
    rows,
    length,
    tokens,
    positions,
    segments,
    selected: BigInt64Array.from(selected),
    targets: BigInt64Array.from(targets),
    predictions,
  };
}
