//! What the viewer is told once.

use crate::page::{Glyph, Icon};
use crate::state::use_desk;
use coordinator::{Engine, Event, Notice};
use leptos::prelude::*;

#[component]
pub(super) fn Notices() -> impl IntoView {
    let desk = use_desk();
    let notice = move |notice: Notice| {
        let dismissed = notice.clone();
        let text = {
            let notice = notice.clone();
            move || desk.engine.with(|engine| text(&notice, engine))
        };
        let details = match &notice {
            Notice::EngineRestarted { message } | Notice::VersionGone { message } => {
                message.clone()
            }
            _ => String::new(),
        };
        view! {
            <div class="notice" data-test="notice" title=details>
                <Icon glyph=Glyph::Alert />
                <span class="notice-text">{text}</span>
                {(notice == Notice::EngineSilent).then(|| view! {
                    <button
                        type="button"
                        class="button button-small"
                        data-test="restart-engine"
                        on:click=move |_| desk.emit(Event::RestartChosen)
                    >
                        "Restart the engine"
                    </button>
                })}
                <button
                    type="button"
                    class="icon-button"
                    aria-label="Dismiss"
                    on:click=move |_| desk.emit(Event::NoticeDismissed { notice: dismissed.clone() })
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </div>
        }
    };
    view! {
        <div class="notices" role="status" aria-live="polite">
            <EngineStop />
            <For each=move || desk.notices.get() key=|notice| format!("{notice:?}") children=notice />
        </div>
    }
}

/// The engine was given up or could not open the lake: what is shown is old, and nothing new comes.
#[component]
fn EngineStop() -> impl IntoView {
    let desk = use_desk();
    let message = Memo::new(move |_| {
        desk.engine.with(|engine| match engine {
            Engine::GivenUp { message } => {
                Some(format!("The engine stopped again and again: {message}."))
            }
            Engine::OpenFailed(failure) => {
                Some(format!("The lake cannot be opened: {}.", failure.message))
            }
            Engine::Starting | Engine::Ready | Engine::Opening { .. } | Engine::Open => None,
        })
    });
    move || {
        message.get().map(|message| {
            view! {
                <div class="notice notice-serious" data-test="notice">
                    <Icon glyph=Glyph::Alert />
                    <span class="notice-text">{message}</span>
                    <button
                        type="button"
                        class="button button-small"
                        data-test="retry-engine"
                        on:click=move |_| desk.emit(Event::Retried)
                    >
                        "Try again"
                    </button>
                </div>
            }
        })
    }
}

fn text(notice: &Notice, engine: &Engine) -> String {
    match notice {
        Notice::EngineRestarted { .. } if *engine == Engine::Open => {
            "The engine stopped and was restarted. Nothing you chose is lost.".to_owned()
        }
        Notice::EngineRestarted { .. } => {
            "The engine stopped and is being restarted. Nothing you chose is lost.".to_owned()
        }
        Notice::EngineSilent => {
            "The engine has not answered for a while. It may still be at work; if you restart it, \
             nothing you chose is lost."
                .to_owned()
        }
        Notice::IgnoredParameters { names } => {
            format!("Parts of this link mean nothing here and were ignored: {}.", names.join(", "))
        }
        Notice::SessionEnded => "Your session has ended.".to_owned(),
        Notice::LogoutFailed(failure) => format!("You are still logged in: {}.", failure.message),
        Notice::VersionGone { .. } => {
            "The lake has moved on while you looked at it. You see its newest version.".to_owned()
        }
        Notice::StillOffline => {
            "The network is still away. You see what this browser has kept of the lake.".to_owned()
        }
        Notice::NothingNew => "You already see the newest data.".to_owned(),
    }
}
