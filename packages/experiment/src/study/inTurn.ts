/** Runs tasks one after the other and answers in their order; the first failure is thrown and ends it. */
export const inTurn = async <A>(tasks: readonly (() => Promise<A>)[]): Promise<readonly A[]> => {
  const results: A[] = []
  for (const task of tasks) results.push(await task())
  return results
}
