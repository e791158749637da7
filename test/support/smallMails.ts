import { type Mail, type MailSet, mailLabels } from '@cotangent/experiment'

const words = ['list', 'patch', 'offer', 'money', 'kernel', 'filter', 'razor', 'package', 'folder']

/** Ten mails of each class; every tenth one of `other` is hard ham. */
const mails: readonly Mail[] = mailLabels.flatMap((label, k) =>
  Array.from(
    { length: 10 },
    (_, i): Mail => ({
      id: `${label}/${i}`,
      text: `${words[k] ?? ''} ${words[(k + i) % words.length] ?? ''} number ${i}`,
      label,
      group: label === 'spam' ? 'spam' : label === 'other' && i % 2 === 0 ? 'hard-ham' : 'ham',
      file: `${label}-${i}`,
    }),
  ),
)
const alone = { of: mails.map((_, i) => i), sizes: mails.map(() => 1) }
export const smallMails: MailSet = {
  mails,
  clusters: { twins: alone, kept: alone },
  version: 'test',
  cache: { _tag: 'Off' },
}
