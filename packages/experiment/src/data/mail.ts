import { nonEmptyString, oneOf, open, t } from '@cotangent/prelude'
import { mailText } from './mailText.js'
import type { ParsedMail } from './parseMail.js'
import { type Source, sourceOf } from './source.js'

/**
 * What the study predicts: where a mail came from. A source with fewer than 200 of the 6,046 mails is no class of its
 * own and counts as `other`, so that a class has some 50 mails in a test split of a quarter. That leaves nine:
 *
 * | label | mails | of them hard ham | what it is |
 * |---|---|---|---|
 * | spam | 1896 | | the corpus' spam, also where a list carried it |
 * | fork | 1062 | 1 | Friends of Rohit Khare |
 * | other | 738 | 244 | newsletters, private mail and 30 small lists (zzzzteana 131, spambayes 141) |
 * | feeds | 623 | | weblogs and news through an RSS gateway |
 * | ilug | 597 | 1 | Irish Linux Users' Group |
 * | rpm | 397 | 2 | rpm-list of freshrpms.net |
 * | spamassassin | 287 | 1 | talk, devel and commits |
 * | exmh | 229 | | users and workers |
 * | razor | 217 | 1 | razor-users |
 *
 * Hard ham has no label of its own: 243 of its 250 mails came from none of the sources (nearly all are newsletters in
 * HTML, which look like spam) and are `other`, one is from zzzzteana and so `other` too; six came from lists and keep
 * their list's label.
 */
export const mailLabels = ['spam', 'fork', 'other', 'feeds', 'ilug', 'rpm', 'spamassassin', 'exmh', 'razor'] as const
/** One of `mailLabels`. */
export type MailLabel = (typeof mailLabels)[number]

/** The corpus' own three kinds. `hard-ham` is the hidden group: ham that is easily taken for spam. */
export const mailGroups = ['ham', 'hard-ham', 'spam'] as const
/** One of `mailGroups`. */
export type MailGroup = (typeof mailGroups)[number]

/** One example of the study. */
export const mailCodec = open({
  /** Folder and number, as `easy-ham-1/00001`. */
  id: nonEmptyString,
  /** Subject, a newline, body; see `mailText`. */
  text: t.string,
  label: oneOf(...mailLabels),
  group: oneOf(...mailGroups),
  /** The file inside the corpus. */
  file: nonEmptyString,
})
/** A mail as the study reads it. */
export type Mail = t.TypeOf<typeof mailCodec>

const groupOf = (file: string): MailGroup =>
  file.startsWith('spam-') ? 'spam' : file.startsWith('hard-ham-') ? 'hard-ham' : 'ham'

const labelOfSource: Readonly<Record<Source, MailLabel>> = {
  fork: 'fork',
  feeds: 'feeds',
  ilug: 'ilug',
  rpm: 'rpm',
  spamassassin: 'spamassassin',
  exmh: 'exmh',
  razor: 'razor',
  spambayes: 'other',
  zzzzteana: 'other',
}

const labelOf = (group: MailGroup, source: Source | undefined): MailLabel =>
  group === 'spam' ? 'spam' : source === undefined ? 'other' : labelOfSource[source]

/**
 * The example that a mail makes.
 *
 * @param file its place in the corpus, whose folder tells spam, ham and hard ham
 */
export const toMail = (file: string, parsed: ParsedMail): Mail => {
  const group = groupOf(file)
  return {
    id: file.replace(/\..*$/, ''),
    text: mailText(parsed.subject, parsed.body),
    label: labelOf(group, sourceOf(parsed)),
    group,
    file,
  }
}
