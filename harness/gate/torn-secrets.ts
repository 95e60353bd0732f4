/** Shorter pieces tell little, and stand in ordinary words. */
const shortestPiece = 5;

/** Nobody cuts shorter than that without a mark. */
const shortestCut = 100;

interface Piece {
  from: number;
  to: number;
}

/**
 * Takes out what is left of a secret where a text was cut before it was redacted: the beginning of one before `…` or
 * the end of a long text, the end of one after `…` or at its start.
 */
export function withoutTorn(text: string, spellings: Iterable<string>, mark: string): string {
  const cuts = [...text.matchAll(/…/g)].map(({ index }) => index);
  if (cuts.length === 0 && text.length < shortestCut) return text;
  const before = text.length < shortestCut ? cuts : [...cuts, text.length];
  const after = cuts.map((cut) => cut + 1).concat(text.length < shortestCut ? [] : [0]);
  const pieces = [...spellings].flatMap((spelling) => [
    ...before.flatMap((at) => pieceBefore(text, at, spelling)),
    ...after.flatMap((at) => pieceAfter(text, at, spelling)),
  ]);
  let whole = text;
  let done = text.length;
  for (const { from, to } of pieces.sort((a, b) => b.to - a.to || a.from - b.from)) {
    if (to > done) continue;
    whole = whole.slice(0, from) + mark + whole.slice(to);
    done = from;
  }
  return whole;
}

function pieceBefore(text: string, at: number, spelling: string): Piece[] {
  if (at < shortestPiece || !spelling.includes(text.slice(at - shortestPiece, at))) return [];
  for (let length = Math.min(spelling.length - 1, at); length >= shortestPiece; length -= 1) {
    if (spelling.startsWith(text.slice(at - length, at))) return [{ from: at - length, to: at }];
  }
  return [];
}

function pieceAfter(text: string, at: number, spelling: string): Piece[] {
  if (!spelling.includes(text.slice(at, at + shortestPiece))) return [];
  for (let length = Math.min(spelling.length - 1, text.length - at); length >= shortestPiece; length -= 1) {
    if (spelling.endsWith(text.slice(at, at + length))) return [{ from: at, to: at + length }];
  }
  return [];
}
