import type { Interaction } from '../../statistics/index.js'
import type { Figure } from '../figure.js'
import { classes } from './classes.js'
import { curves } from './curves.js'
import { featureMap } from './featureMap.js'
import { gain } from './gain.js'
import { groups } from './groups.js'
import { noise } from './noise.js'
import { overview } from './overview.js'
import type { FigureSource } from './shared.js'
import { spectrum } from './spectrum.js'

export type { FigureSource } from './shared.js'

/** All figures that the results have data for, in the order of the report. */
export const figuresOf = (source: FigureSource, interaction: Interaction | null): readonly Figure[] =>
  [
    overview(source),
    gain(source, interaction),
    groups(source),
    classes(source),
    noise(source),
    curves(source),
    spectrum(source),
    featureMap(source),
  ].flatMap((figure) => figure ?? [])
