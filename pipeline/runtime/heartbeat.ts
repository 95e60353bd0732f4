/** Keeps a claim alive while its holder lives. A beat that fails is no news: whoever needs the claim will see. */
export function startHeartbeat(beat: () => Promise<unknown>, everyMs: number): () => void {
  const timer = setInterval(() => void beat().catch(() => {}), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
