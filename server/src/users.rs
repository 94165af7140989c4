//! Who may log in: a JSON file that only its owner can read, with a name, a role and an Argon2id
//! hash a user. Nothing here knows of sessions.
//!
//! Every change takes a lock, reads the file again, and replaces it in one step, so that two
//! commands at once lose nothing and a reader never sees half a file.

mod accounts;
mod password;

pub(crate) use accounts::{Accounts, Fingerprint};
pub(crate) use password::matches;
pub use password::{
    MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS, PasswordError, generate_password, hash,
};

pub use protocol::Role;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Longest name of a user, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// The only layout of the file so far.
const FORMAT: u32 = 1;

/// One user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// What he logs in with; unique in the file, upper and lower case differ.
    pub name: String,
    /// What he may do.
    pub role: Role,
    /// The Argon2id hash of his password as a PHC string.
    pub password_hash: String,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    format: u32,
    users: Vec<User>,
}

/// The users' file, as it was when it was last read or written.
#[derive(Debug, Clone)]
pub struct UserFile {
    path: PathBuf,
    users: Vec<User>,
}

/// Why the users' file could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserFileError {
    /// There is no such file.
    #[error("no users file at {path}")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file or its folder cannot be read or written.
    #[error("users file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not JSON of the known layout.
    #[error("users file {path}: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, column and what was expected.
        source: serde_json::Error,
    },
    /// The file was written by another release.
    #[error("users file {path}: format {format} is not known, this release reads {FORMAT}")]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The format it names.
        format: u32,
    },
    /// A user of the file has something other than an Argon2id hash.
    #[error("users file {path}: the password hash of {name} is not an Argon2id PHC string")]
    MalformedHash {
        /// The file.
        path: PathBuf,
        /// The user.
        name: String,
    },
    /// The name cannot be one.
    #[error(
        "user name {name:?} must be 1 to {MAX_NAME_BYTES} letters, digits or characters of `.`, `_`, `@`, `-`"
    )]
    InvalidName {
        /// The name.
        name: String,
    },
    /// That user is there already.
    #[error("user {name} exists already")]
    Taken {
        /// The name.
        name: String,
    },
    /// There is no such user.
    #[error("no user {name} in {path}")]
    Unknown {
        /// The name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// The password was not taken.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

impl UserFile {
    /// Where a project keeps its users.
    pub fn path_in(project: &Path) -> PathBuf {
        project.join(".lakefront").join("users.json")
    }

    /// Reads the file at `path`; a missing file has no users and is made by the first change.
    ///
    /// # Errors
    /// [`UserFileError`] when the file cannot be read or is not right.
    pub fn open(path: &Path) -> Result<UserFile, UserFileError> {
        match UserFile::open_existing(path) {
            Err(UserFileError::Missing { path }) => Ok(UserFile { path, users: Vec::new() }),
            opened => opened,
        }
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`UserFileError`] when the file is missing, cannot be read or is not right.
    pub fn open_existing(path: &Path) -> Result<UserFile, UserFileError> {
        let path = path.to_path_buf();
        let json = match fs::read(&path) {
            Ok(json) => json,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                return Err(UserFileError::Missing { path });
            }
            Err(source) => return Err(UserFileError::Io { path, source }),
        };
        let users = parse(&path, &json)?;
        Ok(UserFile { path, users })
    }

    /// The users, in the order in which they were added.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// Whether there is a user of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.user(name).is_some()
    }

    /// The user of that name.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// Adds a user and writes the file.
    ///
    /// # Errors
    /// [`UserFileError`] when the name is taken or cannot be one, the password is not taken, or the
    /// file cannot be written.
    pub fn add(&mut self, name: &str, role: Role, password: &str) -> Result<(), UserFileError> {
        if !is_name(name) {
            return Err(UserFileError::InvalidName { name: name.to_owned() });
        }
        let password_hash = hash(password)?;
        self.change(|file| {
            if file.contains(name) {
                return Err(UserFileError::Taken { name: name.to_owned() });
            }
            file.users.push(User { name: name.to_owned(), role, password_hash });
            Ok(())
        })
    }

    /// Gives a user another password and writes the file. His sessions end with it.
    ///
    /// # Errors
    /// [`UserFileError`] when there is no such user, the password is not taken, or the file cannot
    /// be written.
    pub fn set_password(&mut self, name: &str, password: &str) -> Result<(), UserFileError> {
        let password_hash = hash(password)?;
        self.change(|file| {
            let path = file.path.clone();
            let user = file.users.iter_mut().find(|user| user.name == name);
            let user = user.ok_or(UserFileError::Unknown { name: name.to_owned(), path })?;
            user.password_hash = password_hash;
            Ok(())
        })
    }

    /// Removes a user and writes the file. His sessions end with it.
    ///
    /// # Errors
    /// [`UserFileError`] when there is no such user or the file cannot be written.
    pub fn remove(&mut self, name: &str) -> Result<(), UserFileError> {
        self.change(|file| {
            let place = file.users.iter().position(|user| user.name == name);
            let place = place
                .ok_or(UserFileError::Unknown { name: name.to_owned(), path: file.path.clone() })?;
            file.users.remove(place);
            Ok(())
        })
    }

    /// Takes the lock, reads the file again, changes it and replaces it.
    fn change(
        &mut self,
        edit: impl FnOnce(&mut UserFile) -> Result<(), UserFileError>,
    ) -> Result<(), UserFileError> {
        let io_error = |source| UserFileError::Io { path: self.path.clone(), source };
        // Held until the end of this function; the system drops it with the process as well.
        let _lock = lock(&self.path).map_err(io_error)?;
        let mut latest = UserFile::open(&self.path)?;
        edit(&mut latest)?;
        let layout = Layout { format: FORMAT, users: latest.users };
        let mut json = serde_json::to_vec_pretty(&layout)
            .map_err(|source| UserFileError::Malformed { path: self.path.clone(), source })?;
        json.push(b'\n');
        replace(&self.path, &json).map_err(io_error)?;
        self.users = layout.users;
        Ok(())
    }
}

/// Whether a user can have that name: what needs no quoting in a shell, a log or a URL.
fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.bytes().all(fits)
        && !name.starts_with(['-', '.'])
}

fn parse(path: &Path, json: &[u8]) -> Result<Vec<User>, UserFileError> {
    let malformed = |source| UserFileError::Malformed { path: path.to_path_buf(), source };
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let Head { format } = serde_json::from_slice(json).map_err(malformed)?;
    if format != FORMAT {
        return Err(UserFileError::UnknownFormat { path: path.to_path_buf(), format });
    }
    let layout: Layout = serde_json::from_slice(json).map_err(malformed)?;
    for user in &layout.users {
        if !password::is_hash(&user.password_hash) {
            let (path, name) = (path.to_path_buf(), user.name.clone());
            return Err(UserFileError::MalformedHash { path, name });
        }
    }
    Ok(layout.users)
}

/// Waits for the lock beside `path`. The folder is made when it is missing, for its owner only.
fn lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    let file = options.open(path.with_extension("lock"))?;
    file.lock()?;
    Ok(file)
}

/// Puts `bytes` at `path` in one step, readable by the owner only. Called under the lock, so that
/// one name for the new file is enough.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        // What a crash left behind may have any mode.
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_change_is_kept_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = UserFile::path_in(folder.path());
        let mut file = UserFile::open(&path).unwrap();
        assert!(!file.contains("ada"));
        file.add("ada", Role::Admin, "a long password").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);

        let mut again = UserFile::open_existing(&path).unwrap();
        assert_eq!(again.user("ada").unwrap().role, Role::Admin);
        let before = again.user("ada").unwrap().password_hash.clone();
        again.set_password("ada", "another password").unwrap();
        let reread = UserFile::open_existing(&path).unwrap();
        assert_ne!(reread.user("ada").unwrap().password_hash, before);
        assert!(matches("another password", &reread.user("ada").unwrap().password_hash));
        again.remove("ada").unwrap();
        assert!(UserFile::open_existing(&path).unwrap().users().is_empty());
    }

    #[test]
    fn two_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let mut first = UserFile::open(&path).unwrap();
        let mut second = UserFile::open(&path).unwrap();
        first.add("ada", Role::Admin, "a long password").unwrap();
        second.add("bob", Role::Viewer, "a long password").unwrap();
        let names: Vec<_> =
            UserFile::open(&path).unwrap().users().iter().map(|u| u.name.clone()).collect();
        assert_eq!(names, ["ada", "bob"]);
    }

    #[test]
    fn changes_that_make_no_sense_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = UserFile::open(&folder.path().join("users.json")).unwrap();
        file.add("ada", Role::Admin, "a long password").unwrap();
        let taken = file.add("ada", Role::Viewer, "a long password");
        assert!(matches!(taken, Err(UserFileError::Taken { .. })));
        for name in ["", "a b", "-x", ".x", "ä", &"x".repeat(65)] {
            let refused = file.add(name, Role::Viewer, "a long password");
            assert!(matches!(refused, Err(UserFileError::InvalidName { .. })), "{name}");
        }
        assert!(matches!(file.remove("bob"), Err(UserFileError::Unknown { .. })));
        let unknown = file.set_password("bob", "a long password");
        assert!(matches!(unknown, Err(UserFileError::Unknown { .. })));
        assert!(matches!(file.add("bob", Role::Viewer, "short"), Err(UserFileError::Password(_))));
    }

    #[test]
    fn a_file_that_is_not_right_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let check = |json: &str, expected: &str| {
            fs::write(&path, json).unwrap();
            let message = UserFile::open_existing(&path).unwrap_err().to_string();
            assert!(message.contains("users.json") && message.contains(expected), "{message}");
        };
        check("", "EOF");
        check("{\"format\":1,\n\"users\":[{}]}", "line 2");
        check("{\"format\":2,\"users\":[]}", "format 2 is not known");
        check(
            r#"{"format":1,"users":[{"name":"ada","role":"admin","password_hash":"secret"}]}"#,
            "the password hash of ada is not an Argon2id PHC string",
        );
        let missing = UserFile::open_existing(&folder.path().join("nowhere.json"));
        assert!(matches!(missing, Err(UserFileError::Missing { .. })));
    }
}
