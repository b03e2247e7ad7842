//! What elvish and PowerShell complete beside commands and options: the values of both. Their generators leave them out, and
//! lose the command behind a word that is none.

use clap::{Arg, Command, ValueHint};

/// What an argument takes.
enum Taken {
    Words {
        words: Vec<String>,
        is_list: bool,
    },
    Paths,
    /// What nobody can complete.
    Anything,
}

/// The words that may stand for an argument, where all of them are known.
pub(super) fn words(argument: &Arg) -> Vec<String> {
    argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect()
}

/// Whether the argument is a file or a directory.
pub(super) fn is_path(argument: &Arg) -> bool {
    matches!(argument.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath)
}

fn taken(argument: &Arg) -> Taken {
    let words = words(argument);
    match is_path(argument) {
        _ if !words.is_empty() => Taken::Words { words, is_list: argument.get_value_delimiter().is_some() },
        true => Taken::Paths,
        false => Taken::Anything,
    }
}

/// `COMMAND;--OPTION` of each option that takes a value, and `COMMAND` for what stands there without one.
fn places(command: &Command) -> Vec<(String, Taken)> {
    let mut places = Vec::new();
    let mut add = |name: &str, command: &Command| {
        for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
            let long = argument.get_long_and_visible_aliases().unwrap_or_default();
            let names =
                long.iter().map(|long| format!("--{long}")).chain(argument.get_short().map(|one| format!("-{one}")));
            places.extend(names.map(|option| (format!("{name};{option}"), taken(argument))));
        }
        places.extend(command.get_positionals().next().map(|argument| (name.to_owned(), taken(argument))));
    };
    add("relkit", command);
    // A command that scripts were made of has the options of all commands.
    for subcommand in command.get_subcommands().filter(|command| command.get_name() != "help") {
        add(&format!("relkit;{}", subcommand.get_name()), subcommand);
    }
    places
}

/// The script for elvish, whose last line takes the place of what looks up the whole command line.
pub(super) fn in_elvish(command: &Command, script: &str) -> String {
    let rows = |row: &dyn Fn(&Taken) -> Option<String>| {
        let rows = places(command);
        let rows = rows.iter().filter_map(|(place, taken)| Some(format!("        &'{place}'={}\n", row(taken)?)));
        rows.collect::<String>()
    };
    let values = rows(&|taken| match taken {
        Taken::Words { words, .. } => Some(format!("[{}]", words.join(" "))),
        _ => None,
    });
    let kinds = rows(&|taken| {
        Some(match taken {
            Taken::Words { is_list: true, .. } => "list".to_owned(),
            Taken::Words { .. } => "word".to_owned(),
            Taken::Paths => "path".to_owned(),
            Taken::Anything => "other".to_owned(),
        })
    });
    let tail = format!(
        "    var values = [\n{values}    ]\n    var kinds = [\n{kinds}    ]
    set command = 'relkit'
    for word $words[1..-1] {{
        if (and (eq $command 'relkit') (has-key $completions 'relkit;'$word)) {{
            set command = 'relkit;'$word
        }}
    }}
    var last = $words[-1]
    var place = $command';'$words[-2]
    if (not (has-key $kinds $place)) {{
        set place = $command
    }}
    if (not (has-key $kinds $place)) {{
        $completions[$command]
    }} elif (and (eq $place $command) (str:has-prefix $last '-')) {{
        $completions[$command]
    }} elif (eq $kinds[$place] 'path') {{
        edit:complete-filename $last
    }} elif (has-key $values $place) {{
        var begun = ''
        if (eq $kinds[$place] 'list') {{
            set begun = $last[..(+ 1 (str:last-index $last ','))]
        }}
        for value $values[$place] {{
            put $begun$value
        }}
    }} elif (eq $place $command) {{
        $completions[$command]
    }}
}}
"
    );
    match script.rfind("    $completions[$command]\n}") {
        Some(end) => script[..end].to_owned() + &tail,
        None => script.to_owned(),
    }
}

/// The script for PowerShell, which takes files where nothing is offered.
pub(super) fn in_powershell(command: &Command, script: &str) -> String {
    let mut values = String::new();
    let mut quiet = Vec::new();
    for (place, taken) in places(command) {
        match taken {
            Taken::Words { words, .. } => {
                let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
                values += &format!("        '{place}' = @({})\n", words.join(", "));
            }
            _ => quiet.push(format!("'{place}'")),
        }
    }
    let head = format!(
        "    $values = @{{\n{values}    }}
    $others = @({})
    $parts = $command.Split(';')
    if ($parts.Count -gt 2 -and $parts[1] -ne 'help') {{
        $command = $parts[0] + ';' + $parts[1]
    }}
    $before = @($commandElements | Where-Object {{ $_.Extent.EndOffset -lt $cursorPosition }} |
        ForEach-Object {{ $_.Extent.Text }})
    $place = $command
    if ($before.Count -gt 0) {{
        $asked = $command + ';' + $before[-1]
        if ($values.ContainsKey($asked) -or $others -contains $asked) {{
            $place = $asked
        }}
    }}
    $isOption = $place -eq $command -and $wordToComplete.StartsWith('-')
    if (-not $isOption) {{
        if ($values.ContainsKey($place)) {{
            $begun = $wordToComplete.Substring(0, $wordToComplete.LastIndexOf(',') + 1)
            return $values[$place] | ForEach-Object {{ $begun + $_ }} |
                Where-Object {{ $_ -like \"$wordToComplete*\" }} |
                ForEach-Object {{ [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_) }}
        }}
        if ($others -contains $place) {{
            return
        }}
    }}

",
        quiet.join(", ")
    );
    script.replacen("    $completions = @(switch", &format!("{head}    $completions = @(switch"), 1)
}
