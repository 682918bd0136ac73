import SwiftUI

@main
struct AnswersApp: App {
    var body: some Scene {
        WindowGroup { ContentView() }
    }
}
