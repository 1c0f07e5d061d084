import { Anchor, Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useAction, useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { FactList } from '@/ui/FactList';
import { ConfirmByName } from '@/ui/ConfirmByName';
import { CopyButton } from '@/ui/CopyButton';
import { Failure } from '@/ui/Failure';
import { Loading } from '@/ui/Loading';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { When } from '@/ui/When';
import { PolicyForm } from './PolicyForm';
import { pretty } from './rules';
import { pathOf } from './UserList';

/** One policy: its document, and who has it. */
export function PolicyPage(): ReactNode {
  const { name = '' } = useParams();
  const { identities, common } = useTexts();
  const words = identities.policies;
  const navigate = useNavigate();
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null);
  const close = (): void => setOpen(null);
  const { data: policy, error, refetch } = useOperation('GetPolicy', { PolicyName: name });
  const remove = useAction('DeletePolicy', ['ListPolicies']);
  const own = policy?.PolicyType === 'Custom';
  const confirm = async (): Promise<void> => {
    if (await remove.run({ PolicyName: name })) void navigate('/identities/policies');
  };
  return (
    <>
      <PageHeader
        title={name}
        {...(policy?.Description === undefined ? {} : { lead: policy.Description })}
        up={{ to: '/identities/policies', title: identities.tabs.policies }}
        actions={
          own && (
            <>
              <Button variant="default" onClick={() => setOpen('delete')}>
                {common.delete}
              </Button>
              <Button onClick={() => setOpen('edit')}>{common.edit}</Button>
            </>
          )
        }
      />
      {error && <Failure failure={error} onRetry={() => void refetch()} stale={policy !== undefined} />}
      {!error && !policy && <Loading />}
      {policy && (
        <Stack>
          <Panel>
            <FactList>
              <dt>{words.type}</dt>
              <dd>{own ? words.custom : words.system}</dd>
              <dt>{words.updated}</dt>
              <dd>
                <When time={policy.UpdateTime} none="—" />
              </dd>
              <dt>{words.attached}</dt>
              <dd>
                <Group gap="xs">
                  {policy.AttachedUsers.UserName.length === 0 && common.none}
                  {policy.AttachedUsers.UserName.map((user) => (
                    <Anchor key={user} component={Link} to={pathOf(user)}>
                      {user}
                    </Anchor>
                  ))}
                </Group>
              </dd>
            </FactList>
          </Panel>
          <Panel title={words.document} actions={<CopyButton value={pretty(policy.PolicyDocument)} />}>
            <Code block tabIndex={0}>
              {pretty(policy.PolicyDocument)}
            </Code>
          </Panel>
          <Modal
            opened={open === 'edit'}
            onClose={close}
            title={words.edit}
            size="lg"
            closeButtonProps={{ 'aria-label': common.close }}
          >
            <PolicyForm
              policy={{
                name,
                description: policy.Description ?? '',
                document: pretty(policy.PolicyDocument),
              }}
              onDone={close}
              onClose={close}
            />
          </Modal>
        </Stack>
      )}
      <ConfirmByName
        opened={open === 'delete'}
        onClose={close}
        title={words.delete}
        name={name}
        action={words.delete}
        busy={remove.busy}
        failure={remove.failure}
        onConfirm={() => void confirm()}
      >
        <Text>{words.deleteText(name)}</Text>
      </ConfirmByName>
    </>
  );
}
