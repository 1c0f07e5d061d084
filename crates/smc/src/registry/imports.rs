//! Redeeming a code: a machine becomes a source, or is told precisely why not.
//!
//! One use is spent by one conditional write, in the transaction that creates the source. A machine that
//! comes again spends nothing: it is known by the key its agent proves to hold, or, when its agent lost that
//! key, by what the machine is, in which case a usable code of the same account must vouch for it.

use super::{
    Error, Refusal, Registry,
    codes::{authentic, reason},
};
use crate::{
    AccessTokenId, SourceId, Timestamp,
    access_token::{AccessToken, AccessTokenCode, Unusable},
    account::AccountId,
    audit::{Entry, Event},
    ports::{Clock, Heartbeat, Random, Store, StoreError, Tx},
    source::{Inventory, KeyFingerprint, MachineId, Source, default_name},
};

/// A machine asking to be imported. Its agent has proven to hold the key.
#[derive(Clone, Debug)]
pub struct Import {
    /// Which code it presents.
    pub token: AccessTokenId,
    /// Fingerprint of its agent's key.
    pub key: KeyFingerprint,
    /// What machine it is.
    pub machine: MachineId,
    /// Version of its agent.
    pub agent_version: String,
    /// Where it calls from.
    pub address: String,
    /// The name its operator wants; `None` for one made of host name and address.
    pub name: Option<String>,
    /// What it consists of.
    pub inventory: Inventory,
}

/// How a machine came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// For the first time: one use is spent.
    New,
    /// Again, with the key it had.
    Returned,
    /// Again, with a new key.
    Rekeyed,
}

/// The source that a machine now is.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Names the source.
    pub id: SourceId,
    /// Its name.
    pub name: String,
    /// How it came.
    pub arrival: Arrival,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Imports a machine with a code.
    pub async fn import(&self, import: Import, code: &AccessTokenCode) -> Result<Imported, Refusal> {
        let unacceptable = import.check().err();
        let (presented, now) = (self.digest(code), self.clock.now());
        let (token_id, key) = (import.token.clone(), import.key.clone());
        // Whoever holds no real code and no known key gets no write transaction out of the center.
        let token = self.store.read(move |tx| match authentic(tx, &token_id, &presented)? {
            Some(token) => Ok(Some(Some(token))),
            None => Ok(tx.source_id_by_key(&key)?.map(|_| None)),
        });
        let token = token.await?.ok_or(Refusal::UnknownCode)?;
        let id = SourceId::from_random(&self.random.bytes()?);
        self.store
            .write(move |tx| {
                let visit = Visit { import: &import, token: token.as_ref(), now };
                match (&unacceptable, &token) {
                    (None, _) => visit.settle(tx, &id),
                    (Some(why), Some(token)) => visit.refuse(tx, token, why.clone()),
                    (Some(why), None) => Ok(Err(why.clone())),
                }
            })
            .await?
    }

    /// Notes that agents were heard of; sources that are gone are passed over.
    pub async fn note_heartbeats(&self, heartbeats: Vec<Heartbeat>) -> Result<(), Error> {
        Ok(self.store.write(move |tx| tx.note_heartbeats(&heartbeats)).await?)
    }

    /// Finds the source of an agent by its key.
    pub async fn source_of_key(&self, key: KeyFingerprint) -> Result<Option<SourceId>, Error> {
        Ok(self.store.read(move |tx| tx.source_id_by_key(&key)).await?)
    }

    /// Replaces the inventory of the source whose agent has this key; says whether there is one.
    pub async fn update_inventory(&self, key: KeyFingerprint, inventory: Inventory) -> Result<bool, Refusal> {
        inventory.check()?;
        let work = move |tx: &mut dyn Tx| {
            let Some(id) = tx.source_id_by_key(&key)? else { return Ok(false) };
            tx.replace_inventory(&id, &inventory)?;
            Ok(true)
        };
        Ok(self.store.write(work).await?)
    }
}

impl Import {
    fn check(&self) -> Result<(), Refusal> {
        let plain = |text: &str, most: usize| text.len() <= most && !text.chars().any(char::is_control);
        if !plain(&self.agent_version, 64) {
            return Err(Refusal::Malformed("agent version"));
        }
        if !plain(&self.address, 64) {
            return Err(Refusal::Malformed("address"));
        }
        Ok(self.inventory.check()?)
    }
}

/// One machine at the door, with the code it holds if that is a real one.
struct Visit<'a> {
    import: &'a Import,
    token: Option<&'a AccessToken>,
    now: Timestamp,
}

type Settled = Result<Result<Imported, Refusal>, StoreError>;

impl Visit<'_> {
    fn settle(&self, tx: &mut dyn Tx, id: &SourceId) -> Settled {
        let Import { key, machine, .. } = self.import;
        let known = match self.token {
            Some(token) => tx.source_by_key_or_machine(key, &token.account, machine)?,
            None => tx.source_by_key(key)?,
        };
        let known = match known {
            Some(source) if source.key == *key => return self.welcome_back(tx, source),
            other => other,
        };
        let Some(token) = self.token else { return Ok(Err(Refusal::UnknownCode)) };
        // Read again inside the transaction: the code may have been deleted meanwhile.
        let Some(token) = tx.token(&token.account, &token.id)? else { return Ok(Err(Refusal::UnknownCode)) };
        match known {
            Some(source) => self.rekey(tx, &token, source),
            None => self.create(tx, &token, id),
        }
    }

    /// The agent proved to hold the key of a source: that is who it is, whatever became of the code.
    fn welcome_back(&self, tx: &mut dyn Tx, source: Source) -> Settled {
        if let Some(token) = self.token
            && token.account != source.account
        {
            let why = Refusal::OtherAccount { source_id: source.id, token_id: token.id.clone() };
            return self.refuse(tx, token, why);
        }
        self.refresh(tx, source, Event::SourceReturned, Arrival::Returned)
    }

    /// A known machine with an unknown key: its code must be usable, or be the very one that paid for it.
    fn rekey(&self, tx: &mut dyn Tx, token: &AccessToken, source: Source) -> Settled {
        match token.usable(self.now) {
            Err(Unusable::Exhausted(_)) if source.token == token.id => {}
            Err(why) => return self.refuse(tx, token, why.into()),
            Ok(()) => {}
        }
        self.refresh(tx, source, Event::SourceRekeyed, Arrival::Rekeyed)
    }

    fn create(&self, tx: &mut dyn Tx, token: &AccessToken, id: &SourceId) -> Settled {
        // Only spares work: what the conditional write below says is what counts.
        if let Err(why) = token.usable(self.now) {
            return self.refuse(tx, token, why.into());
        }
        let Some(name) = self.free_name(tx, token, id)? else {
            let wanted = self.import.name.clone().unwrap_or_default();
            return self.refuse(tx, token, Refusal::NameTaken(wanted));
        };
        if !tx.spend_use(&token.id, self.now)? {
            let token = tx.token(&token.account, &token.id)?;
            return match token {
                Some(token) => self.refuse(tx, &token, reason(&token, self.now).into()),
                None => Ok(Err(Refusal::UnknownCode)),
            };
        }
        let source = self.source(token, id, name);
        tx.insert_source(&source)?;
        tx.record(&self.entry(
            token.account,
            Event::TokenRedeemed,
            token.id.as_str(),
            source.id.to_string(),
        ))?;
        Ok(Ok(Imported { id: source.id, name: source.name, arrival: Arrival::New }))
    }

    fn source(&self, token: &AccessToken, id: &SourceId, name: String) -> Source {
        let inventory = &self.import.inventory;
        let address = inventory.addresses.first().map_or(self.import.address.clone(), ToString::to_string);
        let description =
            format!("Imported by landfall-agent. Hostname: {} IP Address: {address}", inventory.hostname);
        Source {
            id: id.clone(),
            account: token.account,
            name,
            description: description.chars().take(256).collect(),
            token: token.id.clone(),
            machine: self.import.machine.clone(),
            key: self.import.key.clone(),
            agent_version: self.import.agent_version.clone(),
            address: self.import.address.clone(),
            imported: self.now,
            last_seen: self.now,
            fault: None,
            inventory: inventory.clone(),
        }
    }

    /// The name asked for if it is free, else the default one, made distinct by the id where necessary.
    fn free_name(
        &self,
        tx: &mut dyn Tx,
        token: &AccessToken,
        id: &SourceId,
    ) -> Result<Option<String>, StoreError> {
        if let Some(name) = &self.import.name {
            return Ok((!tx.source_name_taken(&token.account, name)?).then(|| name.clone()));
        }
        let (hostname, address) =
            (&self.import.inventory.hostname, self.import.inventory.addresses.first().copied());
        let plain = default_name(hostname, address, None);
        if !tx.source_name_taken(&token.account, &plain)? {
            return Ok(Some(plain));
        }
        let tail = id.as_str().trim_start_matches(SourceId::PREFIX);
        Ok(Some(default_name(hostname, address, Some(tail))))
    }

    /// Takes over what the machine reports now; its id, name and lineage stay.
    fn refresh(&self, tx: &mut dyn Tx, source: Source, event: Event, arrival: Arrival) -> Settled {
        let refreshed = Source {
            key: self.import.key.clone(),
            agent_version: self.import.agent_version.clone(),
            address: self.import.address.clone(),
            last_seen: source.last_seen.max(self.now),
            inventory: self.import.inventory.clone(),
            fault: None,
            ..source
        };
        tx.refresh_source(&refreshed)?;
        let detail = format!("with {}", self.import.token);
        tx.record(&self.entry(refreshed.account, event, refreshed.id.as_str(), detail))?;
        Ok(Ok(Imported { id: refreshed.id, name: refreshed.name, arrival }))
    }

    /// Refuses whoever holds a real code, with a line in the trail of the account that made it.
    fn refuse(&self, tx: &mut dyn Tx, token: &AccessToken, why: Refusal) -> Settled {
        tx.record(&self.entry(token.account, Event::TokenRefused, token.id.as_str(), why.code().to_owned()))?;
        Ok(Err(why))
    }

    fn entry(&self, account: AccountId, event: Event, resource: &str, detail: String) -> Entry {
        Entry {
            account,
            at: self.now,
            event,
            resource: resource.to_owned(),
            actor: format!("machine:{}", self.import.machine.short()),
            address: self.import.address.clone(),
            detail,
        }
    }
}
