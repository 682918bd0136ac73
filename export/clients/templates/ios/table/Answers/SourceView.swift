import SwiftUI

/// A form with a field for each column, answered while it is filled in.
struct SourceView: View {
    let asker: Asker

    @State private var cells: [String: String] = [:]

    var body: some View {
        Form {
            ForEach(Facts.columns, id: \.name) { column in
                if let words = column.words {
                    Picker(column.name, selection: cell(column.name)) {
                        Text("–").tag("")
                        ForEach(words, id: \.self) { word in Text(word).tag(word) }
                    }
                } else {
                    LabeledContent(column.name) {
                        TextField(column.name, text: cell(column.name))
                            .keyboardType(.numbersAndPunctuation)
                            .multilineTextAlignment(.trailing)
                    }
                }
            }
        }
        .onAppear { ask() }
        .onChange(of: cells) { ask() }
    }

    private func cell(_ name: String) -> Binding<String> {
        Binding(get: { cells[name, default: ""] }, set: { cells[name] = $0 })
    }

    private func ask() {
        let filled = cells
        asker.ask { [row(filled)] }
    }
}
