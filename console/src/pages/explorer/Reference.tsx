import { Anchor, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { exampleReply } from '@/explorer/exampleReply.ts';
import {
  isDestructive,
  parameterTree,
  type Operation,
  type ParameterNode,
  type ResponseField,
} from '@/explorer/model.ts';
import { errorPath } from '@/explorer/paths';
import { useTexts } from '@/i18n/context';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import { CodeBlock } from './CodeBlock';
import classes from './explorer.module.css';
import { factsOf } from './facts';

/** What is known of an operation. Its words are the model's, in English whatever the console speaks. */
export function Reference({ operation }: { operation: Operation }): ReactNode {
  const { explorer } = useTexts();
  const words = explorer.reference;
  return (
    <div className={classes.column}>
      <Panel>
        <Stack gap="xs">
          <Group gap="xs">
            <Title order={2}>{operation.name}</Title>
            {!operation.built && <StateBadge tone="off" label={explorer.notBuilt} />}
            {isDestructive(operation) && <StateBadge tone="wait" label={explorer.destructive} />}
          </Group>
          <Text lang="en" fw={550}>
            {operation.summary}
          </Text>
          <Text lang="en">{operation.description}</Text>
          {!operation.built && <Text c="dimmed">{explorer.notBuiltHint}</Text>}
          <Text size="xs" c="dimmed">
            {words.version} {operation.version} · {words.methods} {operation.methods.join(', ')}
            {operation.https_only && ` · ${words.httpsOnly}`}
          </Text>
        </Stack>
      </Panel>
      <Panel title={words.authorization}>
        <Authorization operation={operation} />
      </Panel>
      <Panel title={words.parameters}>
        {operation.parameters.length === 0 ? (
          <Text c="dimmed">{words.noParameters}</Text>
        ) : (
          <ParameterTree nodes={parameterTree(operation.parameters)} />
        )}
      </Panel>
      <Panel title={words.reply}>
        <Stack gap="sm">
          <ReplyTree fields={operation.response} />
          <Text size="sm" fw={550}>
            {words.example}
          </Text>
          <CodeBlock
            text={JSON.stringify(exampleReply(operation.response), null, 2)}
            syntax="json"
            label={words.example}
          />
        </Stack>
      </Panel>
      <Panel title={words.errors}>
        <Group gap="xs">
          {operation.errors.map((code) => (
            <Anchor key={code} component={Link} to={errorPath(code)} size="sm" className="mono">
              {code}
            </Anchor>
          ))}
        </Group>
      </Panel>
      {operation.history && operation.history.length > 0 && (
        <Panel title={words.history}>
          <ul className={classes.tree} lang="en">
            {operation.history.map(({ version, change }) => (
              <li key={version + change}>
                <strong>{version}</strong> {change}
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}

function Authorization({ operation: { ram, product } }: { operation: Operation }): ReactNode {
  const { reference: words } = useTexts().explorer;
  return (
    <table className={classes.table}>
      <tbody>
        <tr>
          <th scope="row">{words.action}</th>
          <td className="mono">{ram.action}</td>
        </tr>
        <tr>
          <th scope="row">{words.access}</th>
          <td className="mono">{ram.access}</td>
        </tr>
        {ram.resources.map(({ pattern, if: condition }) => (
          <tr key={pattern + (condition ?? '')}>
            <th scope="row">{words.resource}</th>
            <td>
              <span className="mono">{`acs:${product}:*:*:${pattern}`}</span>
              {condition !== undefined && <div className={classes.facts}>{words.condition(condition)}</div>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ParameterTree({ nodes }: { nodes: readonly ParameterNode[] }): ReactNode {
  const { reference } = useTexts().explorer;
  return (
    <ul className={classes.tree}>
      {nodes.map((node) => (
        <li key={node.path}>
          <strong className="mono">{node.repeated ? `${node.name}.N` : node.name}</strong>{' '}
          <span className={classes.facts}>{factsOf(node.rule, reference).join(' · ')}</span>
          <div lang="en">{node.rule.description}</div>
          {node.members.length > 0 && <ParameterTree nodes={node.members} />}
        </li>
      ))}
    </ul>
  );
}

function ReplyTree({ fields }: { fields: readonly ResponseField[] }): ReactNode {
  const { reference } = useTexts().explorer;
  return (
    <ul className={classes.tree}>
      {fields.map((field) => {
        const kind = field.type === 'list' ? `${field.item_name ?? field.name}[${field.item_type ?? ''}]` : field.type;
        const facts = [kind, field.optional === true && reference.optional, field.secret === true && reference.secret];
        return (
          <li key={field.name}>
            <strong className="mono">{field.name}</strong>{' '}
            <span className={classes.facts}>{facts.filter((fact) => typeof fact === 'string').join(' · ')}</span>
            <div lang="en">{field.description}</div>
            {field.fields && field.fields.length > 0 && <ReplyTree fields={field.fields} />}
          </li>
        );
      })}
    </ul>
  );
}
