// jstat ships without types; this is the part that is used.
declare module 'jstat' {
  const jStat: {
    readonly studentt: {
      /** Quantile of Student's t with `df` degrees of freedom. */
      readonly inv: (p: number, df: number) => number
    }
  }
  export default jStat
}
