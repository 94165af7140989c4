//! `lakefront user`: who may log in.

use anyhow::{Context, bail};
use pipeline::Project;
use server::users::{MAX_PASSWORD_BYTES, Role, UserFile, generate_password};
use std::io::BufRead;
use std::path::PathBuf;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Adds a user, with a generated password unless one is given.
    Add {
        /// His name.
        name: String,
        /// What he may do.
        #[arg(long, value_enum, default_value_t = RoleName::Viewer)]
        role: RoleName,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Removes a user; his sessions end at once.
    Remove {
        /// His name.
        name: String,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Gives a user another password; his sessions end at once.
    SetPassword {
        /// His name.
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Lists the users and their roles.
    List {
        #[command(flatten)]
        place: PlaceArgs,
    },
}

#[derive(clap::Args)]
struct PlaceArgs {
    /// The project's folder.
    #[arg(long, default_value = ".")]
    project: PathBuf,
}

#[derive(clap::Args)]
struct PasswordArgs {
    /// Read the password from the first line of the standard input.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum RoleName {
    /// Everything.
    Admin,
    /// Reads dashboards.
    Viewer,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Role {
        match name {
            RoleName::Admin => Role::Admin,
            RoleName::Viewer => Role::Viewer,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the folder is no project, the users' file cannot be read or written, or the change makes no
/// sense.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.action {
        Action::Add { name, role, password, place } => {
            let mut users = place.open()?;
            let password = password.choose()?;
            users.add(&name, role.into(), password.text())?;
            println!("user {name} is added");
            password.show();
        }
        Action::Remove { name, place } => {
            place.open()?.remove(&name)?;
            println!("user {name} is removed");
        }
        Action::SetPassword { name, password, place } => {
            let mut users = place.open()?;
            let password = password.choose()?;
            users.set_password(&name, password.text())?;
            println!("user {name} has another password");
            password.show();
        }
        Action::List { place } => {
            for user in place.open()?.users() {
                let role = match user.role {
                    Role::Admin => "admin",
                    Role::Viewer => "viewer",
                };
                println!("{role:<6}  {}", user.name);
            }
        }
    }
    Ok(())
}

impl PlaceArgs {
    /// The project's users. Only a project has any, so that a mistaken folder is found out here.
    fn open(&self) -> anyhow::Result<UserFile> {
        Project::open(&self.project)?;
        Ok(UserFile::open(&UserFile::path_in(&self.project))?)
    }
}

/// A password, and whether anyone knows it yet.
enum Chosen {
    Given(String),
    Generated(String),
}

impl PasswordArgs {
    fn choose(&self) -> anyhow::Result<Chosen> {
        if self.password_stdin {
            read_line(std::io::stdin().lock()).map(Chosen::Given)
        } else {
            Ok(Chosen::Generated(generate_password()))
        }
    }
}

impl Chosen {
    fn text(&self) -> &str {
        let (Chosen::Given(text) | Chosen::Generated(text)) = self;
        text
    }

    /// Prints the password if it was made here, for nobody else ever will.
    fn show(&self) {
        if let Chosen::Generated(text) = self {
            println!("password: {text}");
        }
    }
}

/// The first line of `input` without its end.
fn read_line(input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    let limit = u64::try_from(MAX_PASSWORD_BYTES)?.saturating_add(2);
    input.take(limit).read_line(&mut line).context("the password cannot be read from stdin")?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        bail!("the first line of stdin is empty, and a password is not");
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_line_without_its_end() {
        let check = |input: &str, expected: Option<&str>| {
            assert_eq!(read_line(input.as_bytes()).ok().as_deref(), expected, "{input:?}");
        };
        check("secret pass\n", Some("secret pass"));
        check("secret pass\r\nmore\n", Some("secret pass"));
        check(" secret ", Some(" secret "));
        check("", None);
        check("\nsecret", None);
    }
}
