//! The sessions: who is logged in, and until when. Kept in memory, so a restart ends them all.
//!
//! The browser holds a random id, the server only its SHA-256: what leaks from here opens nothing.

use crate::users::Fingerprint;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the browser holds: 256 random bits, as 43 characters of base64url.
pub(crate) struct SessionId(String);

impl SessionId {
    fn random() -> SessionId {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        SessionId(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the server keeps of an id.
type Digested = [u8; 32];

fn digest(id: &str) -> Digested {
    Sha256::digest(id.as_bytes()).into()
}

/// How long sessions last and how many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// A session that is not used for so long ends, microseconds.
    pub idle_us: i64,
    /// A session ends so long after its log-in in any case, microseconds.
    pub absolute_us: i64,
    /// Above so many, the one that was not used for longest ends.
    pub max_sessions: usize,
}

/// One who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub user: String,
    /// The password that he logged in with; another one ends the session.
    pub fingerprint: Fingerprint,
    /// UTC microseconds, unless the session is used before.
    pub expires_at_us: i64,
}

struct Entry {
    user: String,
    fingerprint: Fingerprint,
    started_us: i64,
    used_us: i64,
}

impl Entry {
    fn expires_at_us(&self, limits: &Limits) -> i64 {
        let idle_us = self.used_us.saturating_add(limits.idle_us);
        idle_us.min(self.started_us.saturating_add(limits.absolute_us))
    }

    fn session(&self, limits: &Limits) -> Session {
        Session {
            user: self.user.clone(),
            fingerprint: self.fingerprint,
            expires_at_us: self.expires_at_us(limits),
        }
    }
}

/// Everyone who is logged in.
pub(crate) struct Sessions {
    limits: Limits,
    entries: Mutex<HashMap<Digested, Entry>>,
}

impl Sessions {
    pub(crate) fn new(limits: Limits) -> Sessions {
        Sessions { limits, entries: Mutex::new(HashMap::new()) }
    }

    /// Starts a session.
    pub(crate) fn start(
        &self,
        user: &str,
        fingerprint: Fingerprint,
        now_us: i64,
    ) -> (SessionId, Session) {
        let id = SessionId::random();
        let entry =
            Entry { user: user.to_owned(), fingerprint, started_us: now_us, used_us: now_us };
        let session = entry.session(&self.limits);
        let mut entries = self.entries();
        if entries.len() >= self.limits.max_sessions {
            make_room(&mut entries, &self.limits, now_us);
        }
        entries.insert(digest(id.as_str()), entry);
        (id, session)
    }

    /// The session of that id, which counts as used by this; `None` when it has ended.
    pub(crate) fn touch(&self, id: &str, now_us: i64) -> Option<Session> {
        let key = digest(id);
        let mut entries = self.entries();
        let entry = entries.get_mut(&key)?;
        if entry.expires_at_us(&self.limits) <= now_us {
            entries.remove(&key);
            return None;
        }
        entry.used_us = entry.used_us.max(now_us);
        Some(entry.session(&self.limits))
    }

    /// Ends a session and returns its user; `None` when there was none or it had ended before.
    pub(crate) fn end(&self, id: &str, now_us: i64) -> Option<String> {
        let entry = self.entries().remove(&digest(id))?;
        (entry.expires_at_us(&self.limits) > now_us).then_some(entry.user)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Digested, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what has ended, and if that is nothing, the session that was not used for longest.
fn make_room(entries: &mut HashMap<Digested, Entry>, limits: &Limits, now_us: i64) {
    entries.retain(|_, entry| entry.expires_at_us(limits) > now_us);
    if entries.len() >= limits.max_sessions {
        let oldest = entries.iter().min_by_key(|(_, entry)| entry.used_us).map(|(key, _)| *key);
        if let Some(key) = oldest {
            entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::User;
    use protocol::Role;

    fn fingerprint() -> Fingerprint {
        Fingerprint::of(&User {
            name: "ada".into(),
            role: Role::Admin,
            password_hash: String::new(),
        })
    }

    fn sessions(max_sessions: usize) -> Sessions {
        Sessions::new(Limits { idle_us: 100, absolute_us: 250, max_sessions })
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_at_its_absolute_end() {
        let sessions = sessions(9);
        let (id, session) = sessions.start("ada", fingerprint(), 0);
        assert_eq!(session.expires_at_us, 100);
        assert_eq!(sessions.touch(id.as_str(), 99).unwrap().expires_at_us, 199);
        assert_eq!(sessions.touch(id.as_str(), 198).unwrap().expires_at_us, 250);
        assert_eq!(sessions.touch(id.as_str(), 249).unwrap().expires_at_us, 250);
        assert_eq!(sessions.touch(id.as_str(), 250), None);

        let (id, _) = sessions.start("ada", fingerprint(), 1_000);
        assert_eq!(sessions.touch(id.as_str(), 1_100), None);
        assert_eq!(sessions.touch(id.as_str(), 1_001), None, "what has ended stays ended");
    }

    #[test]
    fn an_ended_session_is_gone_and_other_ids_open_nothing() {
        let sessions = sessions(9);
        let (id, _) = sessions.start("ada", fingerprint(), 0);
        assert_eq!(id.as_str().len(), 43);
        for other in ["", "x", &id.as_str()[1..], &format!("{} ", id.as_str())] {
            assert_eq!(sessions.touch(other, 1), None);
        }
        assert_eq!(sessions.end(id.as_str(), 1).as_deref(), Some("ada"));
        assert_eq!(sessions.end(id.as_str(), 1), None);
        assert_eq!(sessions.touch(id.as_str(), 1), None);
    }

    #[test]
    fn memory_is_bounded() {
        let sessions = sessions(2);
        let (first, _) = sessions.start("ada", fingerprint(), 0);
        let (second, _) = sessions.start("ada", fingerprint(), 1);
        sessions.touch(first.as_str(), 2).unwrap();
        let (third, _) = sessions.start("ada", fingerprint(), 3);
        assert!(sessions.touch(first.as_str(), 4).is_some());
        assert!(sessions.touch(second.as_str(), 4).is_none(), "the longest unused one went");
        assert!(sessions.touch(third.as_str(), 4).is_some());
    }
}
